// The demo on several processes keeps its promise while one is killed and Redis restarted, and leaves nothing behind.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { freePort } from "../support/redis/free-port.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { ROOT, runExample } from "./run-example.ts";

const TIMEOUT = { timeout: 180_000 };
/** Few, but enough for both incidents. */
const SHORT = ["--requests", "4000", "--baseline", "200"];

describe("shop.ts --processes", () => {
  const places: string[] = [];
  afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));

  /** Where a run keeps its files: what is left there afterwards is its own. */
  function newPlace(): string {
    const place = mkdtempSync(join(tmpdir(), "freshtier-demo-test-"));
    places.push(place);
    return place;
  }

  test("serves no invalidated price while a process is killed and its Redis restarted", TIMEOUT, async () => {
    const place = newPlace();
    const { stdout, stderr, exitCode } = await runExample("shop.ts", ["--processes", "3", ...SHORT], {
      TMPDIR: place,
    });

    expect(stderr).toBe("");
    expect(inOrder(stdout)).toEqual([
      "✂ shop 2 killed",
      "✔ shop 2 replaced",
      "✂ Redis killed",
      "· Redis started again",
      "✔ Redis back",
      "✔ 0 invalidated prices served outside the promised bound",
    ]);
    expect(stdout).toMatch(
      /all in touch after \d+ ms, [1-9][\d,]* invalidations replayed, [1-9][\d,]* of them pending/,
    );
    expect(stdout).toMatch(/prices changed +\d+ +80\n/);
    expect(stdout).not.toMatch(/never reached Redis|did not find back/);
    expect(checkedAndLost(stdout)).toBe(4_000);
    expect(sharesOf(stdout, ["memory of the process", "Redis", "the database"])).toBeCloseTo(100, 0);
    expect(exitCode).toBe(0);
    expect(demoFiles(place)).toEqual([]);
  });

  test("control: without invalidation the check reports violations", TIMEOUT, async () => {
    const { stdout, exitCode } = await runExample("shop.ts", ["--processes", "3", ...SHORT, "--sabotage"]);

    expect(stdout).toMatch(/✘ [1-9][\d,]* invalidated prices served outside the promised bound/);
    expect(stdout).toMatch(
      /shop \d was asked for product \d+ and served version \d+ \((memory|redis|database)\), \d+ ms/,
    );
    expect(exitCode).toBe(1);
  });

  test("shares a Redis that is there, without a fault, and leaves no key in it", TIMEOUT, async () => {
    await using server = await startRedis();
    const args = ["--redis", server.url, "--processes", "2", "--requests", "1500", "--baseline", "100"];
    const { stdout, stderr, exitCode } = await runExample("shop.ts", args);

    expect(stderr).toBe("");
    expect(stdout).toContain("✔ 0 invalidated prices served outside the promised bound");
    expect(stdout).not.toContain("✂");
    expect(sharesOf(stdout, ["Redis"])).toBeGreaterThan(0);
    expect(exitCode).toBe(0);
    expect(Number(/total_connections_received:(\d+)/.exec(await server.info("stats"))?.[1])).toBeGreaterThan(4);
    expect(await server.command("DBSIZE")).toBe(0);
  });

  test.each([
    ["✂ shop 2 killed", "SIGINT", 130],
    ["✂ Redis killed", "SIGINT", 130],
    ["✔ Redis back", "SIGTERM", 143],
  ] as const)("ended at “%s” by %s, it leaves no process and no file", TIMEOUT, async (line, signal, exitCode) => {
    const place = newPlace();
    const demo = startDemo(["--processes", "3", ...SHORT], place);
    const said = listen(demo);
    await waitUntil(() => said().includes(line), { deadlineMs: 120_000, what: `the demo says ${line}` });
    const started = descendantsOf(demo.pid ?? 0);
    expect(started.length).toBeGreaterThanOrEqual(2);

    // A terminal sends it to the whole group.
    process.kill(-(demo.pid ?? 0), signal);
    expect(await once(demo, "exit")).toEqual([exitCode, null]);
    await waitUntil(() => started.every((pid) => !isAlive(pid)), { what: "all that it started has ended" });
    expect(demoFiles(place)).toEqual([]);
  });

  test("a killed demo takes its shop processes with it", TIMEOUT, async () => {
    await using server = await startRedis();
    const demo = startDemo(["--redis", server.url, "--processes", "2", ...SHORT], newPlace());
    const said = listen(demo);
    await waitUntil(() => said().includes("with freshtier"), { deadlineMs: 120_000, what: "the shop is open" });
    const started = descendantsOf(demo.pid ?? 0);
    expect(started.length).toBeGreaterThanOrEqual(2);

    demo.kill("SIGKILL");
    await waitUntil(() => started.every((pid) => !isAlive(pid)), { what: "its processes have ended" });
  });

  test("says in one line what to install where there is no server", async () => {
    const { stdout, stderr, exitCode } = await runExample("shop.ts", ["--processes", "2"], {
      PATH: newPlace(),
      FRESHTIER_REDIS_SERVER: "",
    });

    expect(stderr).toMatch(/^--processes needs a Redis, .*install redis-server or valkey-server.*\nTry --help\.\n$/);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  test("says in one line that the Redis named does not answer, and keeps the password to itself", async () => {
    const url = `redis://:secret@127.0.0.1:${await freePort()}`;
    const { stdout, stderr, exitCode } = await runExample("shop.ts", ["--redis", url]);

    expect(stderr).toMatch(/^--redis does not answer: .*ECONNREFUSED.*\nTry --help\.\n$/);
    expect(stdout + stderr).not.toContain("secret");
    expect(exitCode).toBe(2);
  });

  test.each([
    [["--processes", "1"], '--processes must be a whole number from 2 to 16, got "1"'],
    [["--processes", "four"], '--processes must be a whole number from 2 to 16, got "four"'],
    [["--redis", "localhost:6379"], "--redis must be a URL such as redis://localhost:6379"],
    [["--redis", "http://localhost"], "--redis must be a URL such as redis://localhost:6379"],
  ])("refuses %j in one line", async (args, message) => {
    const { exitCode, stdout, stderr } = await runExample("shop.ts", args);

    expect(stderr).toBe(`${message}\nTry --help.\n`);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});

/** The lines about what happened, cut after what is the same in every run. */
function inOrder(stdout: string): string[] {
  const known =
    /[✂✔✘·] (shop \d (killed|replaced)|Redis (killed|started again|back)|\d+ invalidated prices served outside the promised bound)/g;
  return [...stdout.matchAll(known)].map(([text]) => text);
}

function checkedAndLost(stdout: string): number {
  const checked = /in ([\d,]+) checked requests/.exec(stdout)?.[1] ?? "NaN";
  const lost = /([\d,]+) more requests? w(?:as|ere) lost/.exec(stdout)?.[1] ?? "0";
  return Number(checked.replaceAll(",", "")) + Number(lost.replaceAll(",", ""));
}

/** What part of the requests these rows say they answered, in per cent. */
function sharesOf(stdout: string, labels: readonly string[]): number {
  const shares = labels.map((label) => new RegExp(`^  ${label} .* ([\\d.]+) % of requests$`, "m").exec(stdout)?.[1]);
  return shares.reduce((sum, share) => sum + Number(share ?? NaN), 0);
}

/** Others may leave things in the directory for temporary files: tsx keeps its cache there. */
function demoFiles(place: string): string[] {
  return readdirSync(place).filter((name) => name.startsWith("freshtier-"));
}

/** As the leader of a group of its own, as a shell starts it. */
function startDemo(args: readonly string[], place: string): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "examples/shop.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: place },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
}

function listen(demo: ChildProcess): () => string {
  let said = "";
  demo.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
  return () => said;
}

/** The ids of all processes that a process has started, and those that they have. */
function descendantsOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-e", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const childrenOf = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([child = 0]) => [child, ...childrenOf(child)]);
  return childrenOf(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
