// The limit with the payload that freshtier reads and writes: MessagePack in a BLOB, in place of JSON in a text.

import { createRequire } from "node:module";
import { openBare } from "./bare-driver.mjs";

// The very one that freshtier uses.
const { Packr } = createRequire(new URL("../../../../package.json", import.meta.url))("msgpackr");

const packr = new Packr({ structuredClone: true, moreTypes: true, useBigIntExtension: true });

export const contender = {
  name: "the same, MessagePack",
  create: (options) =>
    openBare(options, { type: "BLOB", encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) }),
};
