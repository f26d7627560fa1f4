// Whether this Node can load undici 8.

/** Node 22.19 and later. */
export const NODE_RUNS_8: boolean = isAtLeast(22, 19);

function isAtLeast(wantedMajor: number, wantedMinor: number): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
