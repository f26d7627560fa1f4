// Takes a value apart into a graph, and refuses what would not come back as it is.

import { show } from "../errors.ts";
import { BYTES, ERRORS, type Classes } from "../model/built-ins.ts";
import { types } from "../model/node-util.ts";
import { dataOf, NO_EXTENSIONS, type Extensions, type TaughtClass } from "./extensions.ts";
import { NODE, UTF16_TEXT } from "./graph-format.ts";
import { groupsOf, pointsTo } from "./graph-order.ts";
import { isDense, isPlainText } from "./plain-tree.ts";
import { instanceStep, memberStep, refused } from "./refuse.ts";

/**
 * The graph of a value (graph-format.ts).
 * @throws CacheError `unserializable`; the message names the path
 */
export function toGraph(value: unknown, extensions: Extensions = NO_EXTENSIONS): unknown[] {
  return new GraphWriter(extensions).write(value);
}

/** Where an object was first met, so that a refusal can name the path; few paths are ever asked for. */
interface Place {
  readonly parent: Place | undefined;
  readonly step: () => string;
}

function pathOf(place: Place): string {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) steps.push(at.step());
  return steps.toReversed().join("");
}

const refuse = (place: Place, value: unknown): Error =>
  refused(pathOf(place), "plain data to be stored as bytes", value);

const nameByPrototype = (classes: Classes): ReadonlyMap<unknown, string> =>
  new Map(Object.entries(classes).map(([name, { prototype }]) => [prototype, name]));

const ERROR_NAMES = nameByPrototype(ERRORS);
const BYTES_NAMES = nameByPrototype(BYTES);

/** One value on its way. Objects wait in a queue, so that depth costs no stack. */
class GraphWriter {
  readonly #numbers = new Map<object, number>();
  readonly #places: Place[] = [];
  readonly #extensions: Extensions;
  #hasInstances = false;

  constructor(extensions: Extensions) {
    this.#extensions = extensions;
  }

  write(value: unknown): unknown[] {
    const root = this.#slot(value, undefined, () => "value");
    const nodes: (readonly unknown[])[] = [];
    // Grows while it is walked.
    for (const object of this.#numbers.keys()) nodes.push(this.#node(object, this.#places[nodes.length] as Place));
    if (this.#hasInstances) this.#refuseCycles(nodes);
    return [root, ...nodes];
  }

  /** An instance is made of its data, so that must not hold the instance itself. */
  #refuseCycles(nodes: readonly (readonly unknown[])[]): void {
    for (const group of groupsOf(nodes))
      for (const index of group) {
        const node = nodes[index] as readonly unknown[];
        if (node[0] !== NODE.extension || (group.length === 1 && !pointsTo(node, index))) continue;
        const rule = `without a way back to itself in what encode of ${String(node[1])} gives`;
        throw refused(pathOf(this.#places[index] as Place), rule, [...this.#numbers.keys()][index]);
      }
  }

  #slot(value: unknown, parent: Place | undefined, step: () => string): unknown {
    switch (typeof value) {
      case "string":
        return isPlainText(value) ? value : [UTF16_TEXT, Buffer.from(value, "utf16le")];
      case "number":
        return Object.is(value, -0) ? [] : value;
      case "object":
        return value === null ? null : [this.#numberOf(value, parent, step)];
      case "function":
      case "symbol":
        throw refuse({ parent, step }, value);
      default:
        return value;
    }
  }

  #numberOf(object: object, parent: Place | undefined, step: () => string): number {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    this.#numbers.set(object, this.#numbers.size + 1);
    this.#places.push({ parent, step });
    return this.#numbers.size;
  }

  /** Whatever its prototype says, an object has to be of that kind inside. */
  #node(object: object, place: Place): unknown[] {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype === null) return this.#members([NODE.bare], object, place);
    if (prototype === Object.prototype && !types.isArgumentsObject(object))
      return this.#members([NODE.object], object, place);
    if (prototype === Array.prototype && Array.isArray(object)) return this.#array(object, place);
    if (prototype === Map.prototype && types.isMap(object)) return this.#map(object, place);
    if (prototype === Set.prototype && types.isSet(object)) return this.#set(object, place);
    if (ERROR_NAMES.has(prototype) && types.isNativeError(object)) return this.#error(object, prototype, place);
    const taught = this.#extensions.of(prototype);
    if (taught !== undefined) return this.#instance(object, taught, place);
    const node = atomOf(object, prototype);
    if (node === undefined) throw refuse(place, object);
    if (!isBytes(object)) refuseMembers(object, place);
    return node;
  }

  #instance(object: object, taught: TaughtClass, place: Place): unknown[] {
    this.#hasInstances = true;
    const data = dataOf(taught, object, () => pathOf(place));
    return [NODE.extension, taught.name, this.#slot(data, place, () => instanceStep(taught.name))];
  }

  #array(array: readonly unknown[], place: Place): unknown[] {
    if (!isDense(array)) return this.#members([NODE.sparse, array.length], array, place);
    refuseSymbols(array, place);
    return [NODE.array, ...array.map((member, index) => this.#slot(member, place, () => `[${index}]`))];
  }

  /** Adds keys and members to a node. */
  #members(node: unknown[], object: object, place: Place): unknown[] {
    refuseSymbols(object, place);
    for (const key of Object.keys(object)) {
      const step = (): string => memberStep(object, key);
      node.push(this.#slot(key, place, step), this.#slot(Reflect.get(object, key), place, step));
    }
    return node;
  }

  #map(map: ReadonlyMap<unknown, unknown>, place: Place): unknown[] {
    refuseMembers(map, place);
    const node: unknown[] = [NODE.map];
    for (const [key, member] of map)
      node.push(
        this.#slot(key, place, () => ".keys()"),
        this.#slot(member, place, () => `.get(${show(key)})`),
      );
    return node;
  }

  #set(set: ReadonlySet<unknown>, place: Place): unknown[] {
    refuseMembers(set, place);
    return [NODE.set, ...Array.from(set, (member) => this.#slot(member, place, () => ".values()"))];
  }

  /** What makes an error one are its own members, most of them not enumerable: message, stack, cause, errors. */
  #error(error: Error, prototype: unknown, place: Place): unknown[] {
    refuseSymbols(error, place);
    const node: unknown[] = [NODE.error, ERROR_NAMES.get(prototype)];
    for (const key of Object.getOwnPropertyNames(error)) {
      const step = (): string => memberStep(error, key);
      const isEnumerable = Object.prototype.propertyIsEnumerable.call(error, key);
      node.push(this.#slot(key, place, step), isEnumerable, this.#slot(Reflect.get(error, key), place, step));
    }
    return node;
  }
}

/** The node of an object that holds no others; `undefined` when it is of no kind that can be carried. */
function atomOf(object: object, prototype: unknown): unknown[] | undefined {
  if (prototype === Date.prototype && types.isDate(object)) return [NODE.date, object.getTime()];
  if (prototype === RegExp.prototype && types.isRegExp(object))
    return [NODE.regExp, Buffer.from(object.source, "utf16le"), object.flags, object.lastIndex];
  const name = BYTES_NAMES.get(prototype);
  const bytes = name === undefined ? undefined : bytesOf(object);
  return bytes && [NODE.bytes, name, bytes];
}

/** The bytes of an object that is nothing else; `undefined` for what is none, or is not its own. */
function bytesOf(object: object): Buffer | undefined {
  try {
    if (types.isArrayBuffer(object)) return isResizable(object) ? undefined : Buffer.from(object);
    if (!ArrayBuffer.isView(object) || types.isSharedArrayBuffer(object.buffer)) return undefined;
    return Buffer.from(object.buffer, object.byteOffset, object.byteLength);
  } catch {
    // Its memory has gone to another thread, or has shrunk.
    return undefined;
  }
}

/** Its members are its bytes, one by one: nobody can tell cheaply whether there are others. */
const isBytes = (object: object): boolean => ArrayBuffer.isView(object);

/** Newer than the library that TypeScript is told of. */
const isResizable = (buffer: ArrayBuffer): boolean => Reflect.get(buffer, "resizable") === true;

function refuseSymbols(object: object, place: Place): void {
  for (const key of Object.getOwnPropertySymbols(object))
    if (Object.prototype.propertyIsEnumerable.call(object, key))
      throw refuse({ parent: place, step: () => memberStep(object, key) }, key);
}

/** A built-in that somebody hung something on would come back without it. */
function refuseMembers(object: object, place: Place): void {
  refuseSymbols(object, place);
  for (const key of Object.keys(object))
    throw refuse({ parent: place, step: () => memberStep(object, key) }, Reflect.get(object, key));
}
