// The mechanisms can be taken out: their texts are where the mutants look for them. Whether tests then fail is tried by hand.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MUTANTS } from "./mutants.ts";
import { buildPackage } from "./package.ts";

test.each(Object.entries(MUTANTS))("%s can be taken out, and a file of tests shows that", async (name, { shownBy }) => {
  const built = await buildPackage(name);
  await built.remove();
  expect(existsSync(fileURLToPath(new URL(shownBy, import.meta.url)))).toBe(true);
});
