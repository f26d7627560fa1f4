// Parameter names read from source text. The functions are made from text, so that no tool rewrites them first.

import { describe, expect, it } from "vitest";
import { parameterNames } from "../../src/decorators/parameter-names.ts";
import type { Method } from "../../src/decorators/site.ts";

/** The method of a class whose body is `source`; `static` members and computed names work too. */
function method(source: string): Method {
  const type = new Function(`"use strict"; return class { ${source} }`)() as { prototype: Record<string, Method> };
  const names = Object.getOwnPropertyNames(type.prototype).filter((name) => name !== "constructor");
  return type.prototype[names[0] as string] as Method;
}

function expression(source: string): Method {
  return new Function(`return (${source})`)() as Method;
}

describe("the parameter names of a method", () => {
  it.each([
    ["none", "async get() {}", []],
    ["plain ones", "async get(id, user) {}", ["id", "user"]],
    ["a trailing comma", "async get(id, user,) {}", ["id", "user"]],
    ["a generator", "async *get(id) {}", ["id"]],
    ["a rest parameter", "async get(id, ...others) {}", ["id", "...others"]],
    ["a destructured rest parameter", "async get(...[id]) {}", [undefined]],
    ["destructured ones", "async get({ id, user: { name } }, [a, , b], c1) {}", [undefined, undefined, "c1"]],
    ["a name in quotes", 'async "get(it"(id) {}', ["id"]],
    ["a computed name", "async [`get(${(() => 1)()})`](id) {}", ["id"]],
    ["$, _ and letters outside ASCII", "async get($id, _user, größe) {}", ["$id", "_user", "größe"]],
    ["escaped letters", "async get(gr\\u00f6\\u{df}e) {}", ["größe"]],
  ])("are found: %s", (_what, source, expected) => {
    expect(parameterNames(method(source))).toEqual(expected);
  });

  it.each([
    ["numbers", "async get(id = 1, user = 2) {}"],
    ["strings", `async get(id = "a,b)", user = 'it\\'s,)') {}`],
    ["templates", "async get(id = `),${[`}`, 1].join(`,)`)}\\``, user = 1) {}"],
    ["calls", "async get(id = Math.max(1, (2, 3)), user = [1, [2, 3]].length) {}"],
    ["objects", "async get(id = { a: 1, b: { c: ')' } }, user = {}) {}"],
    ["functions", "async get(id = (a, b) => { return (a, b); }, user = function (x, y) {}) {}"],
    ["regular expressions", "async get(id = /[/,)]\\)'/g, user = [/,/, /`/].length) {}"],
    ["regular expressions behind a keyword", "async get(id = () => { return /[)]'/; }, user = typeof /'/) {}"],
    ["divisions", "async get(id = 4 / 2, user = (8) / 2 / 1) {}"],
    ["earlier parameters", "async get(id = '', user = id) {}"],
  ])("are found behind defaults: %s", (_what, source) => {
    expect(parameterNames(method(source))).toEqual(["id", "user"]);
  });

  it.each([
    ["before the name", "async /* (no, */ get(id, user) {}"],
    ["between parameters", "async get(/* a, b) */ id /* ' */, // x, y)\n user // )\n) {}"],
    ["in defaults", "async get(id = /* ,) */ 1, user = 2 // ,)\n) {}"],
    ["where white space was", "async/**/get/**/(/**/id/**/,/**/user/**/)/**/{}"],
  ])("are found among comments: %s", (_what, source) => {
    expect(parameterNames(method(source))).toEqual(["id", "user"]);
  });
});

describe("the parameter names of other functions", () => {
  it.each([
    ["a function expression", "async function (id) {}", ["id"]],
    ["a named function", "function get(id, user) {}", ["id", "user"]],
    ["an arrow", "async (id, user = 1) => id", ["id", "user"]],
    ["an arrow without parentheses", "id => id", ["id"]],
    ["an asynchronous arrow without parentheses", "async id => (id)", ["id"]],
    ["an arrow without parentheses, with comments", "async /* ( */ id /* => */ => (id)", ["id"]],
  ])("are found: %s", (_what, source, expected) => {
    expect(parameterNames(expression(source))).toEqual(expected);
  });

  it("are unknown where there is no source to read", () => {
    expect(parameterNames(Math.max as unknown as Method)).toEqual([]);
    expect(parameterNames(expression("function (id) {}").bind(undefined))).toEqual([]);
  });
});
