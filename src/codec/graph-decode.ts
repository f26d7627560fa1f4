// Puts a value together again from its graph.

import { BYTES, ERRORS, type Classes } from "../model/built-ins.ts";
import { NO_EXTENSIONS, type Extensions } from "./extensions.ts";
import { NODE, UTF16_TEXT } from "./graph-format.ts";
import { groupsOf } from "./graph-order.ts";

/**
 * The value of a graph that `toGraph` made.
 * @throws PayloadDamage for instances of a class that is not among the extensions, TypeError for anything else that comes
 * to its notice
 */
export function fromGraph(graph: unknown, extensions: Extensions = NO_EXTENSIONS): unknown {
  if (!Array.isArray(graph)) throw new TypeError("not a graph");
  const [root, ...nodes] = graph as [unknown, ...(readonly unknown[])[]];
  // All objects first, empty, so that they can point to each other in any order; but for instances of taught classes.
  const objects = nodes.map(emptyOf);
  const valueOf = (slot: unknown): unknown => valueOfSlot(slot, objects);
  const order = objects.includes(undefined) ? groupsOf(nodes).flat() : nodes.keys();
  for (const index of order) {
    const node = nodes[index] as readonly unknown[];
    // Its data is complete by now: the order says so, and there are no cycles through instances.
    if (node[0] === NODE.extension) objects[index] = extensions.decode(String(node[1]), valueOf(node[2]));
    else fill(objects[index] as object, node, valueOf);
  }
  return valueOf(root);
}

function valueOfSlot(slot: unknown, objects: readonly (object | undefined)[]): unknown {
  if (!Array.isArray(slot)) return slot;
  const [number, text] = slot as [number?, Buffer?];
  if (number === undefined) return -0;
  if (number === UTF16_TEXT) return (text as Buffer).toString("utf16le");
  const object = objects[number - 1];
  if (object === undefined) throw new TypeError("not a graph: it points to a node that is not there");
  return object;
}

/** The object of a node; where it can hold others, without them. Instances of taught classes cannot be empty. */
function emptyOf([kind, ...content]: readonly unknown[]): object | undefined {
  switch (kind) {
    case NODE.extension:
      return undefined;
    case NODE.object:
      return {};
    case NODE.bare:
      return Object.create(null) as object;
    case NODE.array:
      return [];
    case NODE.sparse:
      return new Array(content[0] as number);
    case NODE.map:
      return new Map();
    case NODE.set:
      return new Set();
    case NODE.date:
      return new Date(content[0] as number);
    case NODE.regExp:
      return toRegExp(content as [Buffer, string, number]);
    case NODE.bytes:
      return toBytes(content as [string, Buffer]);
    case NODE.error:
      return toError(content[0] as string);
    default:
      throw new TypeError("not a graph: it has a node of an unknown kind");
  }
}

function fill(object: object, [kind, ...slots]: readonly unknown[], valueOf: (slot: unknown) => unknown): void {
  switch (kind) {
    case NODE.object:
    case NODE.bare:
      return fillMembers(object, slots, valueOf);
    case NODE.sparse:
      return fillMembers(object, slots.slice(1), valueOf);
    case NODE.array:
      for (const slot of slots) (object as unknown[]).push(valueOf(slot));
      return;
    case NODE.map:
      for (let at = 0; at < slots.length; at += 2)
        (object as Map<unknown, unknown>).set(valueOf(slots[at]), valueOf(slots[at + 1]));
      return;
    case NODE.set:
      for (const slot of slots) (object as Set<unknown>).add(valueOf(slot));
      return;
    case NODE.error:
      for (let at = 1; at < slots.length; at += 3)
        define(object, valueOf(slots[at]) as string, valueOf(slots[at + 2]), slots[at + 1] as boolean);
  }
}

function fillMembers(object: object, slots: readonly unknown[], valueOf: (slot: unknown) => unknown): void {
  for (let at = 0; at < slots.length; at += 2)
    setMember(object as Record<string, unknown>, valueOf(slots[at]) as string, valueOf(slots[at + 1]));
}

/** As an assignment, which is several times faster, but where that would set the prototype. */
function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") define(object, key, value, true);
  else object[key] = value;
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

function toRegExp([source, flags, lastIndex]: [Buffer, string, number]): RegExp {
  const regExp = new RegExp(source.toString("utf16le"), flags);
  regExp.lastIndex = lastIndex;
  return regExp;
}

function toBytes([name, bytes]: [string, Buffer]): object {
  if (name === "Buffer") return bytes;
  // A buffer of its own: it begins at 0, as the elements of wider arrays must.
  const { buffer } = new Uint8Array(bytes);
  return name === "ArrayBuffer" ? buffer : construct(BYTES, name, buffer);
}

/** An error without own members: those that it was born with would stand before the stored ones. */
function toError(name: string): object {
  // Only the constructor of AggregateError needs its argument.
  const error = construct(ERRORS, name, []);
  for (const key of Object.getOwnPropertyNames(error)) Reflect.deleteProperty(error, key);
  return error;
}

function construct(classes: Classes, name: string, parameter: unknown): object {
  const constructor = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (constructor === undefined) throw new TypeError("not a graph: it has a node of an unknown class");
  return Reflect.construct(constructor, [parameter]) as object;
}
