// What both flavours refuse when a class is defined.

import { describe, expect, it } from "vitest";
import { Cached, type CachedDecorator, type CachedOptions, Invalidates } from "../../src/decorators/index.ts";
import { CacheError } from "../../src/index.ts";

/** A decorator for a method with one text, of either flavour. */
export type AnyDecorator = CachedDecorator;

/** Definitions of wrong classes, in the syntax of one flavour. */
export interface WrongClasses {
  unknownName(): unknown;
  oneLetterName(): unknown;
  wrappedByStranger(): unknown;
  field(): unknown;
  getter(): unknown;
  wholeClass(): unknown;
  /** Defines a class whose method `get(id)` has the decorator. */
  decorate(decorator: AnyDecorator): unknown;
}

/** Runs the refusals with the classes of one flavour. */
export function refusalsOfDecorators(wrong: WrongClasses): void {
  describe("the definition of a class", () => {
    it("refuses a template that names an unknown parameter, and lists the known ones", () => {
      const { code, message } = errorOf(wrong.unknownName);
      expect(code).toBe("invalid_key_template");
      expect(message).toMatch(/"user:\{user\}" must name known parameters \(id, \.\.\._?others\), got \{user\}/);
    });

    it("refuses a name of one letter, which may be a minifier's", () => {
      const { code, message } = errorOf(wrong.oneLetterName);
      expect(code).toBe("invalid_key_template");
      expect(message).toContain("one-letter name");
      expect(message).toContain("got {a}");
    });

    it("refuses a name where another decorator hides the parameters", () => {
      expect(errorOf(wrong.wrappedByStranger).message).toMatch(/known parameters \(\.\.\._args\), got \{id\}/);
    });

    it("refuses a decorated field, getter or class", () => {
      for (const define of [wrong.field, wrong.getter, wrong.wholeClass]) {
        const { code, message } = errorOf(define);
        expect(code).toBe("invalid_decorator");
        expect(message).toMatch(/^@Cached must decorate a method, got /);
      }
    });

    it.each<[string, () => unknown, string]>([
      ["an unbalanced template", () => Cached("user:{id"), 'key template "user:{id" must close'],
      ["a bad tag", () => Cached("user:{id}", { tags: ["ok", "{nope}"] }), 'key template "{nope}" must name'],
      ["a bad namespace", () => Cached("user:{id}", { namespace: "{}" }), 'key template "{}" must say'],
      ["a key of another type", () => Cached(7 as unknown as string), "key must be a template or a function, got 7"],
      [
        "a tag that is no text",
        () => Cached("user:{id}", { tags: [(() => "x") as unknown as string] }),
        "tags[0] must be a template, got a function",
      ],
      [
        "tags that are no list",
        () => Cached("user", { tags: "users" as never }),
        "tags must be an array of templates, or a function of the result, got 'users'",
      ],
      [
        "a cache that is none",
        () => Cached("user:{id}", { cache: {} as never }),
        "cache must be a cache, or a function",
      ],
      [
        "params that are no names",
        () => Cached("user:{id}", { params: [""] }),
        "params must be an array of names, got [ '' ]",
      ],
      [
        "params that are no list",
        () => Cached("user:{id}", { params: "id" as never }),
        "params must be an array of names",
      ],
      ["an option nobody knows", () => Cached("user:{id}", { tll: "5m" } as CachedOptions<string>), "tll"],
      [
        "a duration nobody can read",
        () => Cached("user:{id}", { ttl: "5 minutes" as never }),
        "ttl must be a duration",
      ],
      [
        "an invalidation without target",
        () => Invalidates(undefined as never),
        "target must be an object, got undefined",
      ],
      ["an invalidation of nothing", () => Invalidates({}), "target must be an object with keys, tags or namespace"],
      [
        "an invalidation of something unknown",
        () => Invalidates({ key: "x" } as never),
        "target must hold known options only",
      ],
      [
        "an option of invalidations nobody knows",
        () => Invalidates("x", { ttl: 1 } as never),
        "options must hold known options",
      ],
      ["a bad key to delete", () => Invalidates({ keys: ["user:{id}", "{"] }), 'key template "{" must close'],
      [
        "a key to delete of another type",
        () => Invalidates({ keys: [7 as unknown as string] }),
        "keys[0] must be a template or a function, got 7",
      ],
      [
        "keys beside a namespace to clear",
        () => Invalidates({ keys: "user:{id}", namespace: "users" }),
        'must be accompanied by options.namespace, that of the keys, because it is a namespace to clear, got "users"',
      ],
    ])("refuses %s", (_what, make, found) => {
      const { code, message } = errorOf(() => wrong.decorate(make() as AnyDecorator));
      expect(["invalid_option", "invalid_key_template"]).toContain(code);
      expect(message).toContain(found);
    });

    it("accepts keys beside a namespace to clear when it is clear where the keys are", () => {
      const decorator = Invalidates({ keys: "user:{id}", namespace: "lists" }, { namespace: "users" });
      expect(() => wrong.decorate(decorator as unknown as AnyDecorator)).not.toThrow();
    });

    it("accepts one-letter names that params gives", () => {
      expect(() => wrong.decorate(Cached("user:{a}", { params: ["a"] }) as AnyDecorator)).not.toThrow();
    });
  });
}

function errorOf(define: () => unknown): CacheError {
  try {
    define();
  } catch (error) {
    expect(error).toBeInstanceOf(CacheError);
    return error as CacheError;
  }
  throw new Error("the class was defined");
}
