// URIs as a cache compares them: absolute, without fragment.

/** A URI as all its spellings are written; `undefined` when it is none. */
export function parseUri(reference: string, base?: URL): URL | undefined {
  try {
    const uri = new URL(reference, base);
    uri.hash = "";
    return uri;
  } catch {
    return undefined;
  }
}

/** Whether a reference, resolved against a URI, is that URI again. Fragments do not count. */
export function isSameUri(uri: string, reference: string): boolean {
  const target = parseUri(uri);
  return target !== undefined && parseUri(reference, target)?.href === target.href;
}
