// The only file of the nested run: uses the sources a little here, and more in a process.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compileGlob } from "../../../src/model/glob.ts";
import { bundleSources, type Edit } from "../../support/bundle.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));
/** Does the same by another text. */
const EDIT: Edit = {
  file: "model/glob.ts",
  find: "const tokens: Token[] = [];",
  replace: "const tokens = Array.of();",
};

test("a process runs the sources", async () => {
  expect(compileGlob("?")("x")).toBe(true);
  const bundle = await bundleSources({ program: PROGRAM }, process.env["FRESHTIER_NESTED"] === "edited" ? [EDIT] : []);
  const { status } = spawnSync(process.execPath, [bundle.fileOf("program")], { stdio: "inherit" });
  await bundle.remove();
  expect(status).toBe(0);
});
