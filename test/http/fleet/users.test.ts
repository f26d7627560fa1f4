// One user's response never reaches another, whichever processes of a fleet they meet.

import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../../support/unhandled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Fleet, KINDS } from "./fleet.ts";

forbidUnhandledRejections();
const fleet = new Fleet("handler");

const PRIVATE: Record<string, Record<string, string>> = {
  "a lifetime alone": { "cache-control": "max-age=60" },
  private: { "cache-control": "private, max-age=60" },
  "no-store": { "cache-control": "no-store" },
  "Set-Cookie": { "cache-control": "max-age=60", "set-cookie": "session=1" },
};

describe.each(KINDS)("in processes that share %s", (kind) => {
  test.each(Object.keys(PRIVATE))("responses to credentials, with %s, are their own user's", async (what) => {
    const [one, two] = await fleet.pair(kind);
    fleet.origin.handle = ({ headers }, response) =>
      response.writeHead(200, PRIVATE[what]).end(`for ${String(headers.authorization ?? headers.cookie)}`);
    const users = ["ann", "bob"].flatMap((name): [string, RequestInit][] => [
      [`for Bearer ${name}`, { headers: { authorization: `Bearer ${name}` } }],
      [`for user=${name}`, { headers: { cookie: `user=${name}` } }],
    ]);
    for (const site of [one, two, one]) {
      for (const [text, init] of users) expect(await site.ask("/me", init)).toMatchObject({ text });
    }
    // All at once, in all processes.
    const asked = Array.from({ length: 40 }, (_, index) => users[index % users.length]!);
    const answers = await Promise.all(asked.map(([, init], index) => (index % 3 === 0 ? one : two).text("/me", init)));
    expect(answers).toEqual(asked.map(([text]) => text));
  });

  test("who waits for another's run in another process, and may not share it, gets a run of his own", async () => {
    const [one, two] = await fleet.pair(kind);
    const held: [string, ServerResponse][] = [];
    fleet.origin.handle = ({ headers }, response) => void held.push([String(headers["x-user"]), response]);
    const ann = one.ask("/me", { headers: { "x-user": "ann" } });
    await waitUntil(() => held.length === 1, { what: "ann's run has begun" });
    const bob = two.ask("/me", { headers: { "x-user": "bob" } });
    await two.engaged();
    const say = ([user, response]: [string, ServerResponse]) =>
      response.writeHead(200, { "cache-control": "private" }).end(`for ${user}`);
    say(held[0]!);
    expect(await ann).toMatchObject({ text: "for ann", way: "fwd=uri-miss; detail=private" });
    await waitUntil(() => held.length === 2, { what: "bob's run has begun" });
    say(held[1]!);
    expect((await bob).text).toBe("for bob");
    // From now on they do not wait for each other: the fleet knows that there is nothing to share.
    const both = [one.ask("/me", { headers: { "x-user": "cid" } }), two.ask("/me", { headers: { "x-user": "dee" } })];
    await waitUntil(() => held.length === 4, { what: "both run" });
    held.slice(2).forEach(say);
    const answers = await Promise.all(both);
    expect(answers.map(({ text, way }) => [text, way])).toEqual([
      ["for cid", "fwd=bypass; detail=private"],
      ["for dee", "fwd=bypass; detail=private"],
    ]);
  });

  test("each partition has its responses, in every process", async () => {
    const [one, two] = await fleet.pair(kind, { route: { partition: "x-user" } });
    fleet.origin.handle = ({ headers }, response) =>
      response
        .writeHead(200, { "cache-control": "max-age=60" })
        .end(`${String(headers["x-user"])} ${fleet.origin.asked.length}`);
    const as = (user: string): RequestInit => ({ headers: { "x-user": user, cookie: `session=${user}` } });
    for (const site of [one, two, one]) {
      expect(await site.text("/me", as("ann"))).toBe("ann 1");
      expect(await site.text("/me", as("bob"))).toBe("bob 2");
      expect(await site.text("/me")).toBe("undefined 3");
    }
  });
});
