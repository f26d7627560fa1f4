// Where the coverage of other processes lies during a run that measures it: what they write, and the bundles they run.

import { join } from "node:path";

/** Names the folder of the run, in the environment. Without it nothing is measured. */
const FOLDER = "FRESHTIER_COVERAGE";

/** Folders of a run. They go with it. */
export interface CoveragePlace {
  /** What processes write when they end. */
  readonly raw: string;
  /** Bundles of the sources as they are, with their source maps: each in a folder of its own. */
  readonly bundles: string;
}

/** The folders inside another. */
export function placeIn(folder: string): CoveragePlace {
  return { raw: join(folder, "processes"), bundles: join(folder, "bundles") };
}

/** Measures in this folder from now on, here and in processes that are started from now on. */
export function measureIn(folder: string): void {
  process.env[FOLDER] = folder;
}

/** The folders of the run; none when it does not measure. */
export function coveragePlace(): CoveragePlace | undefined {
  const folder = process.env[FOLDER];
  return folder === undefined ? undefined : placeIn(folder);
}
