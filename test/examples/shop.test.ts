// The demo measures, checks every answer, starts warm the second time, and its check is able to fail.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ProductDatabase } from "../../examples/shop/database.ts";
import { inventProducts } from "../../examples/shop/catalogue.ts";
import { openKeptDatabase } from "../../examples/shop/open-database.ts";
import { placeOf } from "../../examples/shop/place.ts";
import { readTrace } from "../../examples/shop/trace.ts";
import { runExample, type ExampleRun } from "./run-example.ts";

const TIMEOUT = { timeout: 180_000 };

const places: string[] = [];
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));

/** A directory of its own: the demo keeps prices and cache there. */
function newPlace(): string {
  const place = mkdtempSync(join(tmpdir(), "freshtier-demo-test-"));
  places.push(place);
  return place;
}

function runShop(args: readonly string[], place = newPlace()): Promise<ExampleRun> {
  return runExample("shop.ts", [...args, "--dir", place]);
}

describe("shop.ts", () => {
  test("serves no invalidated price and asks the database less often", TIMEOUT, async () => {
    const run = await runShop(["--requests", "3000"]);

    expect(run.stderr).toBe("");
    expect(run.stdout).toContain("✔ 0 invalidated prices served in 3,000 checked requests");
    expect(row(run, "requests replayed")).toEqual([3000, 3000]);
    expect(row(run, "prices changed")).toEqual([60, 60]);
    const [plainQueries, cachedQueries] = row(run, "database queries for pages");
    expect(plainQueries).toBe(3000);
    expect(cachedQueries).toBeLessThan(2000);
    expect(run.exitCode).toBe(0);
  });

  test("answers every request either fresh, stale or as a miss", TIMEOUT, async () => {
    const run = await runShop(["--requests", "1500", "--baseline", "100"]);

    const served = ["answered fresh", "answered stale", "missed"].map((label) => row(run, label)[0] ?? NaN);
    expect(served.reduce((sum, part) => sum + part)).toBe(1500);
    expect(run.exitCode).toBe(0);
  });

  test("control: without invalidation the check reports violations", TIMEOUT, async () => {
    const run = await runShop(["--requests", "3000", "--baseline", "100", "--sabotage"]);

    expect(run.stdout).toMatch(/✘ [1-9][\d,]* invalidated prices served/);
    expect(run.stdout).toMatch(/asked for product \d+ after version \d+ was valid, got product \d+ version \d+/);
    expect(run.exitCode).toBe(1);
  });

  test("prints plain lines when nobody watches", TIMEOUT, async () => {
    const { stdout } = await runShop(["--requests", "200", "--visitors", "50"]);

    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(stdout).toMatch(/with freshtier +50 \/ 200\n/);
    expect(stdout).toMatch(/with freshtier +200 \/ 200\n/);
  });

  test("explains its options", async () => {
    const { exitCode, stdout } = await runExample("shop.ts", ["--help"]);

    for (const option of [
      "--requests",
      "--baseline",
      "--visitors",
      "--seed",
      "--fresh",
      "--dir",
      "--processes",
      "--redis",
      "--sabotage",
    ]) {
      expect(stdout).toContain(option);
    }
    expect(exitCode).toBe(0);
  });

  test.each([
    [["--requests", "many"], '--requests must be a whole number from 1 to 95607, got "many"'],
    [["--visitors", "0"], '--visitors must be a whole number from 1 to 10000, got "0"'],
    [["--cheat"], "Unknown option '--cheat'"],
    [["--dir", ""], '--dir must be the path of a directory, got ""'],
    [["--fresh", "--processes", "2"], "--fresh and --dir are about the SQLite file of one process"],
  ])("refuses %j in one line", async (args, message) => {
    const { exitCode, stdout, stderr } = await runExample("shop.ts", args);

    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});

describe("shop.ts, run again", () => {
  const SHORT = ["--requests", "3000", "--baseline", "100"];

  test("starts cold, then warm, then cold again with --fresh", TIMEOUT, async () => {
    const place = newPlace();
    const [first, second, third] = [
      await runShop(SHORT, place),
      await runShop(SHORT, place),
      await runShop([...SHORT, "--fresh"], place),
    ];

    expect(first.stdout).toMatch(/Cold start: no entries from a last run; \d+ of the first 1,000 reads were hits\./);
    expect(second.stdout).toMatch(
      /Warm start: [\d,]{3,} entries found from the last run; \d+ of the first 1,000 reads/,
    );
    expect(second.stdout).toMatch(
      /[45]\d prices had changed since; the cache was told of them before the shop opened\./,
    );
    expect(hitsOfFirst(second)).toBeGreaterThan(2 * hitsOfFirst(first));
    expect(row(second, "database queries for pages")[1]).toBeLessThan(row(first, "database queries for pages")[1] ?? 0);
    expect(row(second, "found in SQLite")[0]).toBeGreaterThan(100);
    expect(third.stdout).toContain("Cold start:");
    for (const { stdout, stderr, exitCode } of [first, second, third]) {
      expect(stderr).toBe("");
      expect(stdout).toContain("✔ 0 invalidated prices served in 3,000 checked requests");
      expect(exitCode).toBe(0);
    }
  });

  test("control: a cache that is not told what changed meanwhile is found out", TIMEOUT, async () => {
    const place = newPlace();
    // Few enough that no price changes while the shop is open: what is wrong then is what was kept.
    const short = ["--requests", "50", "--baseline", "10", "--visitors", "5"];
    await runShop(SHORT, place);
    const sabotaged = await runShop([...short, "--sabotage"], place);
    expect(sabotaged.stdout).toContain("Warm start:");
    expect(sabotaged.stdout).toMatch(/✘ [1-9][\d,]* invalidated prices served in 50 checked requests/);
    expect(sabotaged.exitCode).toBe(1);

    // What it was not told stays noted, and the next run tells it.
    expect(unannouncedIn(place)).toBeGreaterThan(0);
    const next = await runShop(short, place);
    expect(next.stdout).toMatch(/Warm start:[^]*[1-9]\d* prices had changed since/);
    expect(next.stdout).toContain("✔ 0 invalidated prices served");
    expect(next.exitCode).toBe(0);
    expect(unannouncedIn(place)).toBe(0);
  });

  test("believes nothing that was cached of a shop whose prices are lost", TIMEOUT, async () => {
    const place = newPlace();
    await runShop(SHORT, place);
    const { products } = placeOf(2013, place);
    for (const end of ["", "-wal"]) rmSync(products + end, { force: true });
    const second = await runShop(SHORT, place);

    expect(second.stdout).toContain("Cold start: no entries from a last run");
    expect(second.stdout).toContain("✔ 0 invalidated prices served");
    expect(second.exitCode).toBe(0);
  });

  test("begins anew when the prices of the last run cannot be read", TIMEOUT, async () => {
    const place = newPlace();
    await runShop(["--requests", "200", "--baseline", "10"], place);
    writeFileSync(placeOf(2013, place).products, "not a database of anybody".repeat(100));
    const second = await runShop(["--requests", "200", "--baseline", "10"], place);

    expect(second.stderr).toBe("");
    expect(second.stdout).toContain("Cold start:");
    expect(second.exitCode).toBe(0);
  });

  test("says in one line that another demo is at work there, and leaves that alone", TIMEOUT, async () => {
    const place = newPlace();
    const other = openKept(place);
    for (const args of [[], ["--fresh"]]) {
      const { stdout, stderr, exitCode } = await runShop(args, place);
      expect(stderr).toMatch(/^another demo is at work in .*shop-2013: .*\nTry --help\.\n$/);
      expect(stdout).toBe("");
      expect(exitCode).toBe(2);
    }
    expect(other.versions()).toHaveLength(readTrace().products);
    other.close();
  });

  test("gives the prices back as soon as they are closed", () => {
    const place = newPlace();
    const first = openKept(place);
    first.close();
    openKept(place).close();
    // Held until here: a file that only the garbage collector closes would have been locked.
    expect(first.identity).not.toBe("");
  });

  test("removes nothing but its own files", TIMEOUT, async () => {
    const place = newPlace();
    const few = ["--requests", "50", "--baseline", "10"];
    await runShop(few, place);
    writeFileSync(join(placeOf(2013, place).directory, "mine.txt"), "");
    await runShop([...few, "--fresh"], place);

    expect(readdirSync(placeOf(2013, place).directory)).toContain("mine.txt");
  });

  test("says in one line that it cannot keep anything there", TIMEOUT, async () => {
    const file = join(newPlace(), "file");
    writeFileSync(file, "");
    const { stdout, stderr, exitCode } = await runShop([], file);

    expect(stderr).toMatch(/^cannot keep the shop in .*\nTry --help\.\n$/);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});

function openKept(place: string): ProductDatabase {
  return openKeptDatabase(placeOf(2013, place), inventProducts(readTrace().products, 2013), 2013);
}

/** Prices that the next run will tell the cache of. */
function unannouncedIn(place: string): number {
  const database = openKept(place);
  const { length } = database.unannounced();
  database.close();
  return length;
}

function hitsOfFirst({ stdout }: ExampleRun): number {
  return Number(/([\d,]+) of the first [\d,]+ reads were hits/.exec(stdout)?.[1]?.replaceAll(",", "") ?? NaN);
}

/** The numbers in the table's row of that label. */
function row({ stdout }: ExampleRun, label: string): number[] {
  const line = stdout.split("\n").find((text) => text.trim().startsWith(label)) ?? "";
  const cells = line.slice(36, 68).match(/[\d,]+/g) ?? [];
  return cells.map((cell) => Number(cell.replaceAll(",", "")));
}
