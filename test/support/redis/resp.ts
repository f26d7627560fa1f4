// RESP2 and RESP3 on the wire: where a frame ends, and what it says.

const LF = 10;

/** What a RESP2 server answers. */
export type Reply = string | number | null | RespError | Reply[];

/** An error reply. */
export class RespError extends Error {
  override readonly name = "RespError";

  /** Its first word, such as `OOM` or `READONLY`. */
  get code(): string {
    return this.message.split(" ", 1)[0] ?? "";
  }
}

/** Cuts a stream into frames, however its bytes are spread over chunks. What is not RESP passes chunk by chunk. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #opaque = false;

  /** The frames that are complete with this chunk. */
  push(chunk: Buffer): Buffer[] {
    if (this.#opaque) return [chunk];
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    let from = 0;
    while (from < bytes.length) {
      const end = frameEnd(bytes, from);
      if (end === "incomplete") break;
      this.#opaque = end === "unknown";
      const to = end === "unknown" ? bytes.length : end;
      frames.push(bytes.subarray(from, to));
      from = to;
    }
    this.#rest = bytes.subarray(from);
    return frames;
  }

  /** The bytes of a frame that will not be completed. */
  flush(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }
}

/** Where the frame at `from` ends (exclusive). `payloads` collects the spans of its bulk strings. */
function frameEnd(bytes: Buffer, from: number, payloads?: Span[]): number | "incomplete" | "unknown" {
  let at = from;
  for (let values = 1; values > 0; values--) {
    const lineEnd = bytes.indexOf(LF, at);
    const type = String.fromCharCode(bytes[at] ?? 0);
    if (!"+-:,#(_$=!*~>%|".includes(type)) return at < bytes.length ? "unknown" : "incomplete";
    if (lineEnd < 0) return "incomplete";
    const line = bytes.toString("latin1", at + 1, lineEnd - 1);
    at = lineEnd + 1;
    if ("+-:,#(_".includes(type)) continue;
    const count = Number(line);
    if (line === "" || !Number.isInteger(count)) return "unknown";
    if (count < 0) continue;
    if ("$=!".includes(type)) {
      payloads?.push({ from: at, to: at + count });
      at += count + 2;
    } else if (type === "%") values += count * 2;
    // Attributes come before the value they describe.
    else if (type === "|") values += count * 2 + 1;
    else values += count;
  }
  return at <= bytes.length ? at : "incomplete";
}

/** From an index to the one after the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the contents of a frame's bulk strings are. */
export function payloadSpans(frame: Buffer): Span[] {
  const spans: Span[] = [];
  frameEnd(frame, 0, spans);
  return spans.filter(({ from, to }) => to > from && to <= frame.length);
}

/** A command with its arguments, as latin1; empty if the frame is none. */
export function commandOf(frame: Buffer): string[] {
  if (frame[0] !== 0x2a) return [];
  const spans: Span[] = [];
  frameEnd(frame, 0, spans);
  return spans.map(({ from, to }) => frame.toString("latin1", from, to));
}

/** A command as clients send it. */
export function encodeCommand(args: readonly (string | number | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** What a complete RESP2 frame says; strings as UTF-8. */
export function decode(frame: Buffer): Reply {
  return decodeAt(frame, 0).value;
}

function decodeAt(frame: Buffer, from: number): { value: Reply; next: number } {
  const lineEnd = frame.indexOf(LF, from);
  const line = frame.toString("utf8", from + 1, lineEnd - 1);
  const next = lineEnd + 1;
  const type = String.fromCharCode(frame[from] ?? 0);
  if (type === "-") return { value: new RespError(line), next };
  if (type === ":") return { value: Number(line), next };
  if (type === "$") return decodeBulk(frame, next, Number(line));
  if (type === "*") return decodeArray(frame, next, Number(line));
  return { value: line, next };
}

function decodeBulk(frame: Buffer, from: number, length: number): { value: Reply; next: number } {
  if (length < 0) return { value: null, next: from };
  return { value: frame.toString("utf8", from, from + length), next: from + length + 2 };
}

function decodeArray(frame: Buffer, from: number, length: number): { value: Reply; next: number } {
  if (length < 0) return { value: null, next: from };
  const values: Reply[] = [];
  let next = from;
  while (values.length < length) {
    const element = decodeAt(frame, next);
    values.push(element.value);
    next = element.next;
  }
  return { value: values, next };
}
