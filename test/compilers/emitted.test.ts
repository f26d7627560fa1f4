// The decorators in the code that compilers really emit, minified and not.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPILERS, minify } from "./compilers.ts";
import { createProject, type Project } from "./project.ts";

let project: Project;

beforeAll(() => {
  const read = (page: string): string => readFileSync(new URL(`pages/${page}`, import.meta.url), "utf8");
  project = createProject({
    common: read("common.ts"),
    names: read("names.ts"),
    standard: read("standard.ts"),
    legacy: read("legacy.ts.txt"),
  });
});

afterAll(() => project.remove());

const COMMON = {
  byIndex: ["acme 1", "acme 1", 1],
  byParams: ["1 de", "1 de", 1],
  byFunction: ["function 1", "function 1", 1],
  byFilter: ["filter 1", "filter 1", 1],
  byArguments: ["arguments 1", "arguments 1", 1],
  byId: ["id 1 true", "id 1 true", 1],
  size: [1, 1, 1],
  refused: [0, 0, 2],
  generic: ["a", "a", 1],
  condition: ["not", "not", 2],
  overloaded: ["overloaded a true", "overloaded a true", 1],
  computed: ["computed 1", "computed 1", 1],
  ofClass: ["static 1 function", "static 1 function", 1],
  super: ["book of acme 2", "book of acme 2", 2],
  defaults: ["defaults 1", "defaults 1", 1],
  stacked: ["stacked 1", "stacked 1", 1],
  // The invalidation above it took the cached one away.
  again: ["acme 1", "acme 1", 1],
  keys: ["named:2:en", "static:2", "product:2"],
  inNamespace: true,
  tags: ["t:1", "all"],
  methods: [
    ...["ofClass", "byIndex", "byParams", "byFunction", "byFilter", "byArguments", "byId", "size", "generic"],
    ...["overloaded", "computed name", "stacked"],
  ],
  names: ["byIndex", 1],
};

describe.each(COMPILERS)("$name, $flavour decorators", (compiler) => {
  let compiled: Map<string, string>;
  const pages = ["common", "names", ...(compiler.hasParameters ? ["legacy"] : [])];
  const codeOf = (page: string): string => compiled.get(page) ?? `no ${page}`;

  beforeAll(() => {
    compiled = compiler.compile(project.folder, compiler.flavour === "standard" ? [...pages, "standard"] : pages);
  });

  test("run", () => {
    expect(codeOf("common")).not.toMatch(/^\s*@/m);
    expect(project.run(codeOf("common"))).toEqual(COMMON);
  });

  test("run minified, but where a name is what keys are made of", () => {
    expect(project.run(minify(codeOf("common")))).toEqual({ ...COMMON, byArguments: "invalid_decorator" });
  });

  test("find names of parameters, and refuse a minifier's", () => {
    expect(project.run(codeOf("names"))).toEqual({ key: "product:7" });
    expect(project.run(minify(codeOf("names")))).toEqual({ refused: "invalid_key_template" });
  });

  test.runIf(compiler.flavour === "standard")("take private methods", () => {
    const expected = {
      opened: ["open 1 1", "open 1 1"],
      made: ["arguments 1 2", "arguments 1 2"],
      counted: ["count 1 3", "count 1 3"],
      key: "private:2",
    };
    expect(project.run(codeOf("standard"))).toEqual(expected);
    expect(project.run(minify(codeOf("standard")))).toEqual(expected);
  });

  test.runIf(compiler.hasParameters)("take decorators of parameters", () => {
    const expected = { keys: ["product:1:1", "list(2)"], results: ["1 1", "2"] };
    expect(project.run(codeOf("legacy"))).toEqual(expected);
    expect(project.run(minify(codeOf("legacy")))).toEqual(expected);
  });
});
