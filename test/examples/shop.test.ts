// The demo measures, checks every answer, and its check is able to fail.
import { describe, expect, test } from "vitest";
import { runExample, type ExampleRun } from "./run-example.ts";

const TIMEOUT = { timeout: 30_000 };

describe("shop.ts", () => {
  test("serves no invalidated price and asks the database less often", TIMEOUT, async () => {
    const run = await runExample("shop.ts", ["--requests", "3000"]);

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
    const run = await runExample("shop.ts", ["--requests", "1500", "--baseline", "100"]);

    const served = ["answered fresh", "answered stale", "missed"].map((label) => row(run, label)[0] ?? NaN);
    expect(served.reduce((sum, part) => sum + part)).toBe(1500);
    expect(run.exitCode).toBe(0);
  });

  test("control: without invalidation the check reports violations", TIMEOUT, async () => {
    const run = await runExample("shop.ts", ["--requests", "3000", "--baseline", "100", "--sabotage"]);

    expect(run.stdout).toMatch(/✘ [1-9][\d,]* invalidated prices served/);
    expect(run.stdout).toMatch(/asked for product \d+ after version \d+ was valid, got product \d+ version \d+/);
    expect(run.exitCode).toBe(1);
  });

  test("prints plain lines when nobody watches", TIMEOUT, async () => {
    const { stdout } = await runExample("shop.ts", ["--requests", "200", "--visitors", "50"]);

    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(stdout).toMatch(/with freshtier +50 \/ 200\n/);
    expect(stdout).toMatch(/with freshtier +200 \/ 200\n/);
  });

  test("explains its options", async () => {
    const { exitCode, stdout } = await runExample("shop.ts", ["--help"]);

    for (const option of ["--requests", "--baseline", "--visitors", "--seed", "--processes", "--redis", "--sabotage"]) {
      expect(stdout).toContain(option);
    }
    expect(exitCode).toBe(0);
  });

  test.each([
    [["--requests", "many"], '--requests must be a whole number from 1 to 95607, got "many"'],
    [["--visitors", "0"], '--visitors must be a whole number from 1 to 10000, got "0"'],
    [["--cheat"], "Unknown option '--cheat'"],
  ])("refuses %j in one line", async (args, message) => {
    const { exitCode, stdout, stderr } = await runExample("shop.ts", args);

    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});

/** The numbers in the table's row of that label. */
function row({ stdout }: ExampleRun, label: string): number[] {
  const line = stdout.split("\n").find((text) => text.trim().startsWith(label)) ?? "";
  const cells = line.slice(36, 68).match(/[\d,]+/g) ?? [];
  return cells.map((cell) => Number(cell.replaceAll(",", "")));
}
