// Classes that a codec has been taught, by prototype for writing and by name for reading.

import { badInput, CacheError } from "../errors.ts";
import type { Codec, ExtensibleCodec, Extension, ExtensionClass } from "../contracts/codec.ts";
import { PayloadDamage } from "./payload-damage.ts";
import { abandon } from "./refuse.ts";

/** Instances of a class, by its name in stored values. */
export interface TaughtClass {
  readonly name: string;
  readonly prototype: object;
  readonly extension: Extension<object, unknown>;
}

/** All classes that one codec has been taught. Never changes. */
export class Extensions {
  readonly #byPrototype: ReadonlyMap<unknown, TaughtClass>;
  readonly #byName: ReadonlyMap<string, TaughtClass>;

  constructor(classes: readonly TaughtClass[] = []) {
    this.#byPrototype = new Map(classes.map((taught) => [taught.prototype, taught]));
    this.#byName = new Map(classes.map((taught) => [taught.name, taught]));
  }

  get areNone(): boolean {
    return this.#byName.size === 0;
  }

  /** The class that has this prototype; not one that inherits from it. */
  of(prototype: unknown): TaughtClass | undefined {
    return this.#byPrototype.get(prototype);
  }

  with(taught: TaughtClass): Extensions {
    const { name, prototype } = taught;
    if (this.#byName.has(name)) {
      throw new CacheError("invalid_option", `name of a class must be one that no other class has, got ${name}`);
    }
    if (this.#byPrototype.has(prototype)) {
      throw new CacheError("invalid_option", `class must be one that the codec does not know yet, got ${name}`);
    }
    return new Extensions([...this.#byName.values(), taught]);
  }

  /** @throws PayloadDamage for a name that nobody has taught */
  decode(name: string, data: unknown): object {
    const taught = this.#byName.get(name);
    if (taught === undefined) throw new PayloadDamage("unknown-extension");
    const instance: unknown = taught.extension.decode(data);
    const isOne = typeof instance === "object" && instance !== null;
    if (isOne && Object.getPrototypeOf(instance) === taught.prototype) return instance;
    abandon(instance);
    throw new TypeError(`decode of ${name} gave something else than an instance of it`);
  }
}

/** Of a codec that has been taught nothing. */
export const NO_EXTENSIONS: Extensions = new Extensions();

/**
 * What an instance is made of.
 * @param path where it is, for the message
 * @throws CacheError `unserializable`
 */
export function dataOf({ name, extension }: TaughtClass, instance: object, path: () => string): unknown {
  try {
    const data = extension.encode(instance);
    abandon(data);
    return data;
  } catch (cause) {
    const message = `${path()} must be what encode of ${name} can take apart, but that threw`;
    throw new CacheError("unserializable", message, { cause });
  }
}

/** Makes a codec that knows these classes. */
export type MakeCodec = (extensions: Extensions) => Codec;

interface Origin {
  readonly make: MakeCodec;
  readonly extensions: Extensions;
  readonly carried: ReadonlySet<unknown>;
}

const origins = new WeakMap<Codec, Origin>();

/**
 * A codec that can be taught classes.
 * @param carried prototypes of what it carries anyway
 */
export function extensible(
  make: MakeCodec,
  carried: ReadonlySet<unknown>,
  extensions: Extensions = NO_EXTENSIONS,
): ExtensibleCodec {
  const codec = Object.freeze({
    ...make(extensions),
    extend<T extends object, D>(type: ExtensionClass<T>, extension: Extension<T, D>): ExtensibleCodec {
      return extensible(make, carried, extensions.with(checkClass(type, extension, carried)));
    },
  });
  origins.set(codec, { make, extensions, carried });
  return codec;
}

/** The same codec, knowing the classes that another one has been taught. */
export function taughtLike(codec: Codec, other: Codec | undefined): Codec {
  const origin = origins.get(codec);
  const extensions = other && origins.get(other)?.extensions;
  if (origin === undefined || extensions === undefined || extensions.areNone) return codec;
  return extensible(origin.make, origin.carried, extensions);
}

/** A class as small as this was named by a minifier, which calls it something else next time. */
const MAX_MINIFIED = 2;

function checkClass<T extends object, D>(
  type: ExtensionClass<T>,
  extension: Extension<T, D>,
  carried: ReadonlySet<unknown>,
): TaughtClass {
  const prototype: unknown = typeof type === "function" ? type.prototype : undefined;
  if (typeof prototype !== "object" || prototype === null) throw badInput("invalid_option", "class", "a class", type);
  if (carried.has(prototype)) {
    throw badInput("invalid_option", "class", "one that the codec does not carry anyway", type);
  }
  const { name, encode, decode } = (extension ?? {}) as Partial<Extension<T, D>>;
  for (const [field, member] of Object.entries({ encode, decode })) {
    if (typeof member !== "function")
      throw badInput("invalid_option", `${field} of ${type.name}`, "a function", member);
  }
  // `encode` is given what has its prototype, and nothing else.
  return { name: checkName(name, type.name), prototype, extension };
}

function checkName(given: unknown, ofClass: string): string {
  if (given === undefined) {
    if (ofClass.length > MAX_MINIFIED) return ofClass;
    const rule = "given where that of the class has one or two letters, as minifiers make them";
    throw badInput("invalid_option", "name", rule, ofClass);
  }
  if (typeof given === "string" && given !== "" && given.isWellFormed()) return given;
  throw badInput("invalid_option", "name", "a non-empty string", given);
}
