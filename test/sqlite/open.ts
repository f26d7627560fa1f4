// Opens the SQLite tier of one process, as a cache does, on files that go with their test.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import type { Authority } from "../../src/contracts/authority.ts";
import type { Bus, BusMessage } from "../../src/contracts/bus.ts";
import type { Clock } from "../../src/contracts/clock.ts";
import type { RemoteTier, RemoteTierPlan } from "../../src/contracts/remote.ts";
import { systemClock } from "../../src/model/clock.ts";
import { sqliteTier, type SqliteTierOptions } from "../../src/sqlite/options.ts";

/** Commands of tests may take long: the machine is shared. Tests about timeouts have their own. */
const TIMEOUT_MS = 5_000;

/** One process, as far as SQLite is concerned. */
export interface SqliteProcess extends RemoteTier {
  readonly authority: Authority;
  readonly bus: Bus;
  /** Why it may have been connected to another file, in order. */
  readonly reconnects: readonly string[];
}

const open: SqliteProcess[] = [];
const folders: string[] = [];

/** A path in a folder of its own. */
export function newPath(name = "cache.db"): string {
  const folder = mkdtempSync(join(tmpdir(), "freshtier-sqlite-"));
  folders.push(folder);
  return join(folder, name);
}

/** Opens the tier; {@link closeAll} closes it. */
export function openProcess(root: string, options: SqliteTierOptions, clock: Clock = systemClock): SqliteProcess {
  return openFrom(planOf(options), root, clock);
}

/** A plan, of which several caches may be opened. */
export function planOf(options: SqliteTierOptions): RemoteTierPlan {
  return sqliteTier({ timeout: TIMEOUT_MS, ...options }).prepare("tiers[0]");
}

/** Opens one of several caches of a plan; {@link closeAll} closes it. */
export function openFrom(plan: RemoteTierPlan, root: string, clock: Clock = systemClock): SqliteProcess {
  const reconnects: string[] = [];
  const onReconnect = (reason: string): void => void reconnects.push(reason);
  const remote = plan.open({ root, layout: FRAME_LAYOUT, clock, onReconnect });
  const { authority, bus } = remote;
  if (authority === undefined || bus === undefined) throw new Error("a SQLite tier has both");
  const process = { ...remote, authority, bus, reconnects };
  open.push(process);
  return process;
}

/** Closes what was opened. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((process) => process.close()));
}

/** Removes what {@link newPath} has made. */
export function removeFiles(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** After each test of the file: closes what was opened, and removes the files. */
export function cleanUp(): void {
  afterEach(async () => {
    await closeAll();
    removeFiles();
  });
}

/** What a bus told its process, in order: `live`, `doubt: <reason>`, or a message. */
export interface Heard {
  readonly log: (string | BusMessage)[];
  readonly own: boolean[];
  /** Whether the file answered probes. */
  readonly probes: boolean[];
}

/** Starts a bus and notes what it says. */
export async function listen(bus: Bus): Promise<Heard> {
  const heard: Heard = { log: [], own: [], probes: [] };
  await bus.start({
    onMessage(message, isOwn) {
      heard.log.push(message);
      heard.own.push(isOwn);
    },
    onDoubt: (reason) => void heard.log.push(`doubt: ${reason}`),
    onLive: () => void heard.log.push("live"),
    onProbe: (answered) => void heard.probes.push(answered),
  });
  return heard;
}
