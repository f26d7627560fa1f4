// The limit with the payload that freshtier reads and writes: MessagePack in a BLOB, in place of JSON in a text.

import { Packr } from "msgpackr";
import { openBare } from "./bare-driver.mjs";

const packr = new Packr({ structuredClone: true, moreTypes: true, useBigIntExtension: true });

export const contender = {
  name: "the same, MessagePack",
  create: (options) =>
    openBare(options, { type: "BLOB", encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) }),
};
