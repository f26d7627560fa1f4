// Which undici the tests of this folder run on: if it were another than is said, or none, they would prove nothing.

import * as undici7 from "undici";
import { expect, test } from "vitest";
import { NODE_RUNS_8 } from "./node-runs-8.ts";
import { Agent, IS_8 } from "./undici.ts";

test.skipIf(IS_8)("the tests run on undici 7", () => {
  expect(Agent).toBe(undici7.Agent);
});

// On an older Node this is all there is of that project, and it cannot be loaded.
test.skipIf(!IS_8 || !NODE_RUNS_8)("the tests run on undici 8, which needs Node 22.19", async () => {
  expect(Agent).toBe((await import("undici-8")).Agent);
  expect(Agent).not.toBe(undici7.Agent);
});
