// The routes of controllers as NestJS runs them, but without guards: what is behind the guards answers for the cache.

import { RequestMethod, type ExecutionContext, type Type } from "@nestjs/common";
import {
  type ApplicationConfig,
  type ContextId,
  ContextIdFactory,
  type HttpAdapterHost,
  type ModuleRef,
  type ModulesContainer,
} from "@nestjs/core";
import { GuardsConsumer } from "@nestjs/core/guards/guards-consumer.js";
import type { GuardsContextCreator } from "@nestjs/core/guards/guards-context-creator.js";
import type { NestContainer } from "@nestjs/core";
import { InterceptorsConsumer } from "@nestjs/core/interceptors/interceptors-consumer.js";
import { InterceptorsContextCreator } from "@nestjs/core/interceptors/interceptors-context-creator.js";
import { PipesConsumer } from "@nestjs/core/pipes/pipes-consumer.js";
import { PipesContextCreator } from "@nestjs/core/pipes/pipes-context-creator.js";
import { REQUEST_CONTEXT_ID } from "@nestjs/core/router/request/request-constants.js";
import { RouteParamsFactory } from "@nestjs/core/router/route-params-factory.js";
import { RouterExecutionContext } from "@nestjs/core/router/router-execution-context.js";
import type { OwnExchange } from "./platform.ts";
import type { RouteMethod } from "./route-options.ts";

/** Runs a route: interceptors, pipes, the method, and what becomes of its result. Rejects with what is thrown on the way. */
type Run = (req: object, res: object, next: (error?: unknown) => void) => Promise<unknown>;

/** What NestJS gives to whoever stands in an application. */
export interface Surroundings {
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
  readonly adapters: HttpAdapterHost;
  readonly moduleRef: ModuleRef;
}

/** The routes of the controllers of one module. */
export class Routes {
  readonly #surroundings: Surroundings;
  readonly #owner: object;
  readonly #runs = new WeakMap<object, Map<string, Run>>();
  #router: RouterExecutionContext | undefined;

  /** @param owner stands in the module whose controllers they are: another may have some of the same class */
  constructor(surroundings: Surroundings, owner: object) {
    this.#surroundings = surroundings;
    this.#owner = owner;
  }

  /** Runs the route of a request of a client for the cache. */
  async run(
    context: ExecutionContext,
    name: string,
    { req, res }: OwnExchange,
    next: (error?: unknown) => void,
  ): Promise<void> {
    const run = await this.#find(context.getClass(), context.getHandler() as RouteMethod, name, req);
    await run(req, res, next);
  }

  async #find(controller: Type, method: RouteMethod, name: string, req: object): Promise<Run> {
    const [moduleKey, wrapper] = this.#place(controller);
    if (!wrapper.isDependencyTreeStatic()) {
      const contextId = this.#register(req, wrapper);
      const resolve = this.#surroundings.moduleRef.resolve.bind(this.#surroundings.moduleRef);
      const instance = await resolve<Record<string, RouteMethod>>(controller, contextId, { strict: false });
      return this.#create(instance, instance[name] as RouteMethod, name, moduleKey, contextId);
    }
    const instance = wrapper.instance as object;
    const known = this.#runs.get(instance) ?? new Map<string, Run>();
    this.#runs.set(instance, known);
    const run = known.get(name) ?? this.#create(instance, method, name, moduleKey);
    known.set(name, run);
    return run;
  }

  /** What is injected as the request is the one that the cache asks with. */
  #register(req: object, wrapper: Wrapper): ContextId {
    Reflect.deleteProperty(req, REQUEST_CONTEXT_ID);
    const contextId = ContextIdFactory.getByRequest(req);
    Object.defineProperty(req, REQUEST_CONTEXT_ID, { value: contextId });
    const { payload } = contextId;
    const injected: unknown = wrapper.isDependencyTreeDurable() ? payload : Object.assign(req, payload);
    this.#surroundings.moduleRef.registerRequestByContextId(injected, contextId);
    return contextId;
  }

  #create(instance: object, method: RouteMethod, name: string, moduleKey: string, contextId?: ContextId): Run {
    this.#router ??= routerOf(this.#surroundings);
    const create = this.#router.create.bind(this.#router) as unknown as (...args: unknown[]) => Run;
    return create(instance, method, name, moduleKey, RequestMethod.GET, contextId);
  }

  /** The module that a controller stands in. */
  #place(controller: Type): readonly [moduleKey: string, wrapper: Wrapper] {
    for (const [key, { controllers, injectables }] of this.#surroundings.modules) {
      const wrapper = controllers.get(controller) as Wrapper | undefined;
      const isHere =
        wrapper !== undefined && [...injectables.values()].some(({ instance }) => instance === this.#owner);
      if (isHere) return [key, wrapper];
    }
    throw new Error(`${controller.name} is no controller of this application`);
  }
}

interface Wrapper {
  readonly instance: unknown;
  isDependencyTreeStatic(): boolean;
  isDependencyTreeDurable(): boolean;
}

/** What NestJS makes for its routes, with no guards. */
function routerOf({ config, modules, adapters }: Surroundings): RouterExecutionContext {
  const container = { getModules: () => modules } as unknown as NestContainer;
  const noGuards = { create: () => [] } as unknown as GuardsContextCreator;
  // NestJS 11 asks for less.
  const Parameters = RouteParamsFactory as new (config: ApplicationConfig) => RouteParamsFactory;
  return new RouterExecutionContext(
    new Parameters(config),
    new PipesContextCreator(container, config),
    new PipesConsumer(),
    noGuards,
    new GuardsConsumer(),
    new InterceptorsContextCreator(container, config),
    new InterceptorsConsumer(),
    adapters.httpAdapter,
  );
}
