// The body of a response that is given on in another one.

const owners = new WeakMap<ReadableStream, Response>();

/**
 * The body of a response, which keeps the response as long as it is there itself. Node's fetch cancels the body of a response
 * that is collected as garbage before anybody has read it, although another response may have been made of it.
 */
export function keptBody(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const { body } = response;
  if (body !== null) owners.set(body, response);
  return body;
}
