// One cached handler in several processes: it runs once for all of them, what it brought comes back as it was, and a
// purge ends it everywhere.

import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { deferred } from "../../support/deferred.ts";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Fleet, KINDS } from "./fleet.ts";

forbidUnhandledRejections();
const fleet = new Fleet("handler");

const CACHED = { "cache-control": "max-age=60" };
/** Word of a purge, on a busy machine. */
const BUS_MS = 1_700;

describe.each(KINDS)("processes that share %s", (kind) => {
  test("P2 run the handler once for a hundred requests at once, and each says what became of it", async () => {
    const [one, two] = await fleet.pair(kind);
    const mayAnswer = deferred<void>();
    fleet.origin.handle = async (_request, response) => {
      await mayAnswer.promise;
      response.writeHead(200, CACHED).end(`answer ${fleet.origin.asked.length}`);
    };
    const asking = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? one : two).ask("/a"));
    await Promise.all([one.engaged(), two.engaged()]);
    await waitUntil(() => fleet.origin.asked.length > 0, { what: "the handler runs" });
    mayAnswer.resolve();
    const answers = await Promise.all(asking);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["answer 1"]));
    expect(fleet.origin.asked).toEqual(["GET /a"]);
    const ways = answers.map(({ way }) => way);
    expect(ways.filter((way) => way === "fwd=uri-miss; stored")).toHaveLength(1);
    expect(ways.filter((way) => way === "fwd=uri-miss; collapsed")).toHaveLength(99);
    for (const site of [one, two]) expect((await site.ask("/a")).way).toBe("hit");
  });

  test("run it once behind for what is stale, which each of them serves meanwhile", async () => {
    const [one, two] = await fleet.pair(kind);
    let held: ServerResponse | undefined;
    fleet.origin.handle = (_request, response) => {
      if (fleet.origin.asked.length > 1) held = response;
      else response.writeHead(200, { "cache-control": "max-age=0, stale-while-revalidate=60" }).end("old");
    };
    expect(await one.text("/a")).toBe("old");
    for (let round = 0; round < 5; round++) {
      for (const site of [one, two]) expect(await site.ask("/a")).toMatchObject({ text: "old", way: "hit" });
    }
    await waitUntil(() => held, { what: "the handler runs behind" });
    held!.writeHead(200, CACHED).end("new");
    for (const site of [one, two]) {
      await waitUntil(async () => (await site.text("/a")) === "new", { what: "the new response is there" });
    }
    expect(fleet.origin.asked).toHaveLength(2);
  });

  test("P13 get a response byte for byte, with its status and headers, in part, and only if it is another", async () => {
    const [one, two] = await fleet.pair(kind);
    const bytes = Buffer.from(Uint8Array.from({ length: 600_000 }, (_, index) => (index * 7) % 256));
    fleet.origin.handle = (_request, response) =>
      response
        .writeHead(203, "Somewhat", { ...CACHED, "content-type": "application/x-any", "x-a": ["1", "2"], etag: '"v1"' })
        .end(bytes);
    const first = await one.ask("/a");
    const second = await two.ask("/a");
    for (const { status, statusText, headers, bytes: got } of [first, second]) {
      expect([status, statusText, headers.get("content-type"), headers.get("x-a"), headers.get("etag")]).toEqual([
        ...[203, "Somewhat", "application/x-any", "1, 2", '"v1"'],
      ]);
      expect(got.equals(bytes)).toBe(true);
    }
    expect([first.way, second.way]).toEqual(["fwd=uri-miss; stored", "hit"]);
    const head = await two.ask("/a", { method: "HEAD" });
    expect([head.status, head.bytes.byteLength, head.headers.get("content-length")]).toEqual([203, 0, "600000"]);
    const condition = await two.ask("/a", { headers: { "if-none-match": '"v1"' } });
    expect([condition.status, condition.way]).toEqual([304, "hit"]);
    expect(fleet.origin.asked).toEqual(["GET /a"]);
  });

  test("give parts, and the same tag of the same bytes, whichever of them made the response", async () => {
    const [one, two] = await fleet.pair(kind);
    fleet.origin.handle = (_request, response) => response.writeHead(200, CACHED).end("0123456789");
    const tag = (await one.ask("/a")).headers.get("etag");
    const part = await two.ask("/a", { headers: { range: "bytes=2-4" } });
    expect([part.status, part.text, part.headers.get("content-range")]).toEqual([206, "234", "bytes 2-4/10"]);
    expect(part.headers.get("etag")).toBe(tag);
    expect((await two.ask("/b")).headers.get("etag")).toBe(tag);
  });

  test.each([
    ["the handler's own tags", { "cache-tag": "product-1" }, {}],
    ["tags of the options", {}, { tags: ["product-1"] }],
  ])("P4 a purge by %s is done when it resolves, and no process serves the old response any more", async (...all) => {
    const [, header, route] = all;
    const [one, two] = await fleet.pair(kind, { route });
    fleet.origin.says({ ...CACHED, ...header });
    // Of a tag that nobody has ever named, the first response may not be stored: it may have been purged meanwhile.
    const isShared = async (): Promise<boolean> => (await one.text("/a")) === (await two.text("/a"));
    for (let round = 0; round < 10; round++) {
      await waitUntil(isShared, { what: "a response is stored" });
      const old = await two.text("/a");
      expect(await one.purge("product-1")).toEqual({ authority: "done" });
      expect(await one.text("/a")).not.toBe(old);
      const isNew = async (): Promise<boolean> => (await two.text("/a")) !== old;
      await waitUntil(isNew, { what: "the other process has heard", deadlineMs: BUS_MS });
      expect(await two.text("/a")).not.toBe(old);
    }
    expect((await two.ask("/a")).headers.get("cache-tag")).toBeNull();
  });

  test.each(["purges it", "changes it"])(
    "P3 a run that began before another process %s does not bring the old response back",
    async (how) => {
      const [one, two] = await fleet.pair(kind, { route: { tags: ["t"] } });
      const slow: ServerResponse[] = [];
      fleet.origin.handle = ({ method }, response) => {
        if (method === "GET" && slow.length === 0) return slow.push(response);
        return response.writeHead(200, CACHED).end("new");
      };
      const old = one.ask("/a");
      await waitUntil(() => slow.length > 0, { what: "the handler runs" });
      if (how === "purges it") await two.purge("t");
      else expect(await two.text("/a", { method: "POST", body: "change" })).toBe("new");
      slow[0]!.writeHead(200, CACHED).end("old");
      // It was asked for before.
      expect((await old).text).toBe("old");
      expect(await two.text("/a")).toBe("new");
      const isNew = async (): Promise<boolean> => (await one.text("/a")) === "new";
      await waitUntil(isNew, { what: "the other process has heard", deadlineMs: BUS_MS });
      for (const site of [one, two, one, two]) expect(await site.text("/a")).toBe("new");
    },
  );

  test("a request that changes something ends what is stored of its URI, whatever it varies by", async () => {
    const [one, two] = await fleet.pair(kind, { route: { vary: ["accept-language"] } });
    fleet.origin.handle = ({ method, headers }, response) => {
      const language = String(headers["accept-language"]);
      response.writeHead(200, { ...CACHED, vary: "Accept-Language" });
      response.end(method === "GET" ? `${language} ${fleet.origin.asked.length}` : "changed");
    };
    const speak = (language: string): RequestInit => ({ headers: { "accept-language": language } });
    for (const site of [one, two]) {
      expect(await site.text("/a", speak("de"))).toBe("de 1");
      expect(await site.text("/a", speak("fr"))).toBe("fr 2");
    }
    expect((await two.ask("/a", { method: "DELETE" })).way).toBe("fwd=method");
    for (const language of ["de", "fr"]) {
      expect(await two.text("/a", speak(language))).not.toMatch(/ [12]$/);
      const isNew = async (): Promise<boolean> => !/ [12]$/.test(await one.text("/a", speak(language)));
      await waitUntil(isNew, { what: "the other process has heard", deadlineMs: BUS_MS });
    }
  });
});
