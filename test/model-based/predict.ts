// What the reference model makes of a command: what the verb resolves to at once.

import { assertNever } from "../../src/errors.ts";
import { IDS, idsOf, type Command } from "./command.ts";
import type { ReferenceModel } from "./reference-model.ts";
import { invalidationsOf, matchingScope } from "./scope.ts";
import { shown } from "./shown.ts";

/** Takes one step; answers what the verb gives back, as text. */
export function predict(model: ReferenceModel, command: Command): string {
  model.step++;
  const { store } = model;
  switch (command.do) {
    case "peek":
    case "peekSync":
      return shown(store.visible(command.id)?.value);
    case "peekMany":
      return shown(idsOf(command).map((id) => store.visible(id)?.value));
    case "get":
      return done(model.get(command.id, command.options, command.script));
    case "getMany":
      return done(model.getMany(idsOf(command), command.options, command.script));
    case "settle":
    case "nameTags": {
      const hanging = model.hanging();
      const run = hanging[command.nth % hanging.length];
      if (run === undefined) return "none";
      if (command.do === "settle") model.settle(run, command.ending);
      else run.namedTags = command.tags;
      return run.label;
    }
    case "set":
      return done(model.set(command.id, command.options));
    case "setMany":
      return done(idsOf(command).forEach((id) => model.set(id, command.options)));
    case "delete":
      return `${model.delete([command.id])}`;
    case "deleteMany":
      return `${model.delete(idsOf(command))}`;
    case "deleteMatching": {
      const scope = matchingScope(command.namespace, command.pattern);
      return `${model.delete(IDS.filter((id) => scope.of === "keys" && scope.includes(id)))}`;
    }
    case "markStale":
      return done(model.markStale(command.id));
    case "advance":
      return done(model.advance(command.ms));
    case "cleanupExpired":
      return "done";
    case "invalidateTags":
    case "markTagsStale":
    case "clearNamespace":
    case "markNamespaceStale":
    case "clear":
      return done(invalidationsOf(command).forEach(({ scope, soft }) => store.invalidate(scope, soft)));
    default:
      return assertNever(command);
  }
}

function done(_nothing: void): string {
  return "done";
}
