// The NestJS example, started as its reader starts it, and asked over its socket.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { EXAMPLES, ROOT } from "./run-example.ts";

const FOLDER = "examples/nestjs";

test("nestjs/main.ts fits on a page", () => {
  const lines = readFileSync(new URL("nestjs/main.ts", EXAMPLES), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(50);
});

test("nestjs/main.ts reads a price once, and again after its change, until it is told to end", async () => {
  // As npx tsx does, but without a process between: it is this one that gets the signal.
  const child = spawn(process.execPath, ["--import", "tsx", `${FOLDER}/main.ts`], {
    cwd: ROOT,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${FOLDER}/tsconfig.json`, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stderr, exited] = [text(child.stderr), once(child, "exit")];
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => lines.push(line));
  try {
    const first = await waitUntil(() => lines[0], { deadlineMs: 25_000, what: "the example listens" });
    const url = /^try: curl (http:\/\/\S+)\/price\/42$/.exec(first)?.[1];
    const ask = async (path: string, init?: RequestInit): Promise<string> => {
      const headers = { connection: "close", "content-type": "application/json" };
      return (await fetch(url + path, { ...init, headers })).text();
    };

    const answers = await Promise.all(Array.from({ length: 10 }, () => ask("/price/42")));
    expect(new Set(answers)).toEqual(new Set(["1999"]));
    await ask("/price/42", { method: "PUT", body: JSON.stringify({ price: 1499 }) });
    expect(await ask("/price/42")).toBe("1499");
    expect(JSON.parse(await ask("/stats"))).toMatchObject({ name: "default", requests: 13 });
  } finally {
    child.kill("SIGTERM");
  }
  // NestJS closes the application, and then lets the signal do its work.
  expect(await exited).toEqual([null, "SIGTERM"]);
  expect(await stderr).toBe("");
  expect(lines.slice(1)).toEqual(Array.from({ length: 2 }, () => "database: reads product 42"));
});
