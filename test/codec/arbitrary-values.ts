// Arbitrary data: trees of everything that can be carried, and graphs of objects that point to each other.

import fc from "fast-check";

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  // UTF-16 as it comes, lone surrogates among it
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("__proto__", "constructor", "toJSON", "hasOwnProperty", "\ufeff"),
);

const numbers = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), fc.constantFrom(0, -0, 64, 127, 2 ** 32));

const leaves = fc.oneof(
  texts,
  numbers,
  fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n }),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.float64Array(),
  fc.int32Array(),
  fc.bigInt64Array(),
  texts.map((text) => new RangeError(text)),
);

const members = (value: fc.Arbitrary<unknown>): fc.Arbitrary<[string, unknown][]> =>
  fc.array(fc.tuple(texts, value), { maxLength: 6 });

/** Trees of data, most of them small. */
export const arbitraryValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaves, tie("object"), tie("bare"), tie("list"), tie("map"), tie("set")),
  object: members(tie("value")).map((entries) => Object.fromEntries(entries)),
  bare: members(tie("value")).map((entries) => {
    const bare = Object.create(null) as Record<string, unknown>;
    for (const [key, member] of entries) bare[key] = member;
    return bare;
  }),
  list: fc.oneof(fc.array(tie("value"), { maxLength: 20 }), fc.sparseArray(tie("value"), { maxLength: 20 })),
  map: fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
  set: fc.array(tie("value"), { maxLength: 5 }).map((list) => new Set(list)),
})).value;

const empties = fc.constantFrom<(() => object)[]>(
  () => ({}),
  () => [],
  () => new Map(),
  () => new Set(),
  () => new Error("one of many"),
  () => Object.create(null) as object,
);

/** Objects, and who holds whom: cycles and shared references of every kind. */
export const graphs: fc.Arbitrary<unknown> = fc
  .array(fc.tuple(empties, fc.array(fc.nat({ max: 9 }), { maxLength: 4 })), { minLength: 1, maxLength: 10 })
  .map((nodes) => {
    const objects = nodes.map(([empty]) => empty());
    for (const [index, [, targets]] of nodes.entries())
      for (const target of targets) hold(objects[index] as object, objects[target % objects.length] as object);
    return objects[0];
  });

function hold(owner: object, member: object): void {
  if (Array.isArray(owner)) owner.push(member);
  else if (owner instanceof Map) owner.set(member, member);
  else if (owner instanceof Set) owner.add(member);
  else Object.defineProperty(owner, `m${Object.keys(owner).length}`, { value: member, enumerable: true });
}
