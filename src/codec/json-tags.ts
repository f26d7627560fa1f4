// Instances of taught classes in JSON: tagged on the way out, made again on the way in.

import { dataOf, type Extensions, type TaughtClass } from "./extensions.ts";
import { isContainer, isJsonPrimitive, keysOf, MAX_DEPTH, refusedJson } from "./json-tree.ts";
import { instanceStep, memberStep } from "./refuse.ts";

/** `{"$type": name, "value": data}` is an instance; without a name, a plain object that has such a member itself. */
const TYPE = "$type";
const VALUE = "value";

/** Makes a copy of one value in which instances are tagged. */
export class Tagger {
  /** Whether there were any. */
  hasTags = false;
  readonly #extensions: Extensions;
  readonly #ancestors: object[] = [];
  /** The way to where it is. */
  readonly #steps: (() => string)[] = [];

  constructor(extensions: Extensions) {
    this.#extensions = extensions;
  }

  /** @throws CacheError `unserializable`; the message names the path */
  tag(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return isJsonPrimitive(value) ? value : this.#refuse(value);
    const ancestors = this.#ancestors;
    if (ancestors.includes(value) || ancestors.length === MAX_DEPTH) return this.#refuse(value);
    ancestors.push(value);
    const copy = this.#copy(value);
    ancestors.pop();
    return copy;
  }

  #copy(object: object): unknown {
    const taught = this.#extensions.of(Object.getPrototypeOf(object));
    if (taught !== undefined) return this.#instance(object, taught);
    if (!isContainer(object)) return this.#refuse(object);
    const entries = keysOf(object).map((key) => this.#member(object, key));
    if (Array.isArray(object)) return entries.map(([, member]) => member);
    const copy = Object.fromEntries(entries) as object;
    return Object.hasOwn(copy, TYPE) ? this.#tagged("", copy) : copy;
  }

  /** A symbol as a key is refused as if it were the member. */
  #member(object: object, key: string | symbol): [string, unknown] {
    const member: unknown = typeof key === "symbol" ? key : Reflect.get(object, key);
    return [String(key), this.#at(() => memberStep(object, key), member)];
  }

  #instance(object: object, taught: TaughtClass): unknown {
    const data = dataOf(taught, object, () => ["value", ...this.#path()].join(""));
    return this.#tagged(
      taught.name,
      this.#at(() => instanceStep(taught.name), data),
    );
  }

  #tagged(name: string, value: unknown): object {
    this.hasTags = true;
    return { [TYPE]: name, [VALUE]: value };
  }

  #at(step: () => string, value: unknown): unknown {
    this.#steps.push(step);
    const copy = this.tag(value);
    this.#steps.pop();
    return copy;
  }

  #refuse(value: unknown): never {
    throw refusedJson(this.#path(), value);
  }

  #path(): string[] {
    return this.#steps.map((step) => step());
  }
}

/**
 * Makes instances again of what is tagged, in place.
 * @throws PayloadDamage for a class that nobody has taught
 */
export function untag(value: unknown, extensions: Extensions): unknown {
  if (typeof value !== "object" || value === null) return value;
  const name = Object.hasOwn(value, TYPE) ? (Reflect.get(value, TYPE) as string) : undefined;
  if (name === undefined) return untagMembers(value, extensions);
  const content: unknown = Reflect.get(value, VALUE);
  // Without a name it is content that looks like a tag, so it must not be looked at that way again.
  if (name === "") return untagMembers(content as object, extensions);
  return extensions.decode(name, untag(content, extensions));
}

function untagMembers(object: object, extensions: Extensions): object {
  for (const [key, member] of Object.entries(object)) {
    const made = untag(member, extensions);
    // It has the member, so not even "__proto__" is taken for more than that.
    if (made !== member) Reflect.set(object, key, made);
  }
  return object;
}
