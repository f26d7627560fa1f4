// One cached fetch in several processes: what one has fetched, all have; what one has changed, none serves any more.

import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { deferred } from "../../support/deferred.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Fleet, KINDS } from "./fleet.ts";

forbidUnhandledRejections();
const fleet = new Fleet("fetch");

const CACHED = { "cache-control": "max-age=60" };
/** Word of a change, on a busy machine. */
const BUS_MS = 1_700;

const foo = (value: string): RequestInit => ({ headers: { foo: value } });

/** An origin with a variant for each `Foo`, which says by which of its answers it came. */
function variesByFoo(): void {
  fleet.origin.handle = ({ headers }, response) =>
    response.writeHead(200, { ...CACHED, vary: "Foo" }).end(`${String(headers["foo"])} ${fleet.origin.asked.length}`);
}

describe.each(KINDS)("processes that share %s", (kind) => {
  test("have what one of them has fetched, byte for byte", async () => {
    const [one, two] = await fleet.pair(kind);
    const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, index) => (index * 11) % 256));
    fleet.origin.handle = (_request, response) =>
      response.writeHead(200, { ...CACHED, etag: '"v1"', "x-a": ["1", "2"] }).end(bytes);
    expect((await one.ask("/a")).way).toBe("fwd=uri-miss; stored");
    const found = await two.ask("/a");
    expect([found.way, found.headers.get("etag"), found.headers.get("x-a")]).toEqual(["hit", '"v1"', "1, 2"]);
    expect(found.bytes.equals(bytes)).toBe(true);
    const part = await two.ask("/a", { headers: { range: "bytes=5-9" } });
    expect([part.status, part.bytes.equals(bytes.subarray(5, 10))]).toEqual([206, true]);
    expect(fleet.origin.asked).toEqual(["GET /a"]);
  });

  test("ask the origin once for what all of them want at once", async () => {
    const [one, two] = await fleet.pair(kind);
    const mayAnswer = deferred<void>();
    fleet.origin.handle = async (_request, response) => {
      await mayAnswer.promise;
      response.writeHead(200, CACHED).end("body");
    };
    const asking = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? one : two).ask("/a"));
    await Promise.all([one.engaged(), two.engaged()]);
    await waitUntil(() => fleet.origin.asked.length > 0, { what: "one asks" });
    mayAnswer.resolve();
    const answers = await Promise.all(asking);
    expect(answers.map(({ text }) => text)).toEqual(Array(60).fill("body"));
    expect(answers.filter(({ way }) => way === "fwd=uri-miss; stored")).toHaveLength(1);
    expect(answers.filter(({ way }) => way === "fwd=uri-miss; collapsed")).toHaveLength(59);
    expect(fleet.origin.asked).toEqual(["GET /a"]);
  });

  test("ask the origin with one's tag if what another has fetched still holds, and all know the answer", async () => {
    const [one, two] = await fleet.pair(kind);
    const conditions: unknown[] = [];
    fleet.origin.handle = ({ headers }, response) => {
      const condition = headers["if-none-match"];
      conditions.push(condition);
      if (condition === '"v1"') return response.writeHead(304, { ...CACHED, etag: '"v1"' }).end();
      return response.writeHead(200, { "cache-control": "max-age=0", etag: '"v1"' }).end("body");
    };
    expect(await one.text("/a")).toBe("body");
    expect(await two.ask("/a")).toMatchObject({ text: "body", way: "fwd=stale; fwd-status=304; stored" });
    const isFresh = async (): Promise<boolean> => (await one.ask("/a")).way === "hit";
    await waitUntil(isFresh, { what: "the other process has heard", deadlineMs: BUS_MS });
    expect(new Set(conditions)).toEqual(new Set([undefined, '"v1"']));
  });

  test("end all variants of a URI when one of them changes it", async () => {
    const [one, two] = await fleet.pair(kind);
    variesByFoo();
    for (const site of [one, two]) {
      expect(await site.text("/a", foo("x"))).toBe("x 1");
      expect(await site.text("/a", foo("y"))).toBe("y 2");
    }
    await two.ask("/a", { method: "POST", body: "change" });
    for (const value of ["x", "y"]) {
      expect(await two.text("/a", foo(value))).not.toMatch(/ [12]$/);
      const isNew = async (): Promise<boolean> => !/ [12]$/.test(await one.text("/a", foo(value)));
      await waitUntil(isNew, { what: "the other process has heard", deadlineMs: BUS_MS });
    }
  });

  test("P3 an answer that was made before another process changed it does not come back", async () => {
    const [one, two] = await fleet.pair(kind);
    const slow: ServerResponse[] = [];
    fleet.origin.handle = ({ method }, response) => {
      if (method === "GET" && slow.length === 0) return slow.push(response);
      return response.writeHead(200, CACHED).end("new");
    };
    const old = one.text("/a");
    await waitUntil(() => slow.length > 0, { what: "it is asked for" });
    await two.ask("/a", { method: "PUT", body: "change" });
    slow[0]!.writeHead(200, CACHED).end("old");
    expect(await old).toBe("old");
    for (const site of [one, two, one, two]) expect(await site.text("/a")).toBe("new");
  });

  test("give one user's response to that user alone", async () => {
    const [one, two] = await fleet.pair(kind);
    fleet.origin.handle = ({ headers }, response) =>
      response.writeHead(200, CACHED).end(`for ${String(headers.authorization)}`);
    const as = (user: string): RequestInit => ({ headers: { authorization: `Bearer ${user}` } });
    const users = ["ann", "bob", "cid", "dee"];
    const asked = Array.from({ length: 40 }, (_, index) => users[index % users.length]!);
    const answers = asked.map((user, index) => (index % 3 === 0 ? one : two).text("/me", as(user)));
    expect(await Promise.all(answers)).toEqual(asked.map((user) => `for Bearer ${user}`));
  });

  test("each get their own variant, whatever the others ask for, and in the end all variants are stored", async () => {
    const [one, two] = await fleet.pair(kind);
    variesByFoo();
    const values = ["1", "2", "3", "4", "5", "6"];
    const askAll = (): Promise<string[]> =>
      Promise.all(values.flatMap((value) => [one, two].map((site) => site.text("/a", foo(value)))));
    const isOwn = (answers: readonly string[]): boolean[] =>
      answers.map((text, index) => text.split(" ")[0] === values[Math.floor(index / 2)]);
    // Of those that come together one is stored: each round leaves fewer.
    const areStored = async (): Promise<boolean> => {
      const before = fleet.origin.asked.length;
      const answers = await askAll();
      expect(isOwn(answers)).toEqual(Array(values.length * 2).fill(true));
      return fleet.origin.asked.length === before;
    };
    await waitUntil(areStored, { what: "the origin is not asked any more" });
    const found = await askAll();
    for (const [index] of values.entries()) expect(found[2 * index]).toBe(found[2 * index + 1]);
  });

  test("are given an old response of another process while the origin is gone, if it may be", async () => {
    const [one, two] = await fleet.pair(kind);
    fleet.origin.says({ "cache-control": "max-age=0, stale-if-error=60" });
    expect(await one.text("/a")).toBe("answer 1");
    fleet.origin.stop();
    const found = await two.ask("/a");
    expect([found.text, found.way]).toEqual(["answer 1", "fwd=stale; detail=stale-if-error"]);
    await expect(two.ask("/b")).rejects.toThrow("fetch failed");
  });
});
