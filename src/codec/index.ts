// The entry point `freshtier/codec`: the codecs, for who teaches them classes. Naming one in an option needs none of this.

export { jsonCodec } from "./json.ts";
export { msgpackCodec } from "./msgpack.ts";
export { v8Codec } from "./v8.ts";
export type { Codec, ExtensibleCodec, Extension, ExtensionClass } from "../contracts/codec.ts";
