// Reading the body of a response as far as a cache would keep it.

/** A body, in full; or, when it is too long, all of it still to be read. */
export type Captured =
  | { readonly kind: "complete"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly body: ReadableStream<Uint8Array> };

/**
 * Reads a body of at most `limit` bytes. A longer one comes back as a stream: what has been read, then the rest as it is
 * asked for.
 * @throws what the stream breaks off with
 */
export async function captureBody(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Captured> {
  if (body === null) return { kind: "complete", bytes: new Uint8Array() };
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { kind: "complete", bytes: joined(chunks, size) };
    chunks.push(value);
    size += value.byteLength;
    if (size > limit) return { kind: "too-large", body: continued(chunks, reader) };
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function continued(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const read = [...chunks];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = read.shift();
      if (chunk !== undefined) return controller.enqueue(chunk);
      const { done, value } = await reader.read();
      return done ? controller.close() : controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
