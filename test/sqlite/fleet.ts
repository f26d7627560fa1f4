// Several processes with one cache on one file, and a source of values that the test holds in its hand.

import { afterEach } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { newPath, removeFiles } from "./open.ts";
import { Peer, type OpenOptions, type Source } from "./peer.ts";

/** What the processes of a fleet are called. */
export const NAMES = ["ann", "bob", "cid", "dee"];
const peers: Peer[] = [];

/** After each test of the file: ends what was started, and removes the files. */
export function endFleets(): void {
  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.kill()));
    removeFiles();
  });
}

/** Starts a process, or a thread, which ends with the test. */
export async function startPeer(...how: Parameters<typeof Peer.start>): Promise<Peer> {
  const peer = await Peer.start(...how);
  peers.push(peer);
  return peer;
}

/** A source that counts, and that can be held. */
export class CountingSource {
  readonly calls: { readonly key: string; readonly by: string }[] = [];
  value = "v1";
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;

  readonly load: Source = async (key, by) => {
    this.calls.push({ key, by });
    const { value } = this;
    await this.#gate;
    return value;
  };

  hold(): void {
    this.#gate = new Promise((resolve) => void (this.#open = resolve));
  }

  release(): void {
    this.#open();
    this.#gate = Promise.resolve();
  }
}

/** Processes on one file, and where their values come from. */
export interface Fleet {
  readonly path: string;
  readonly source: CountingSource;
  readonly all: readonly Peer[];
}

/** Starts processes with one cache. */
export async function fleet(
  count: number,
  each: (index: number) => Partial<OpenOptions> = () => ({}),
  sqlite: Partial<OpenOptions["sqlite"]> = {},
): Promise<Fleet> {
  const path = newPath();
  const source = new CountingSource();
  const all = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const peer = await startPeer(NAMES[index] ?? `p${index}`, source.load);
      return peer.open({
        name: "shop",
        sqlite: { path, timeout: 2_000, divergenceLimit: 1_000, ...sqlite },
        ...each(index),
      });
    }),
  );
  return { path, source, all };
}

/** Waits until it sees a value, or none. */
export async function untilSees(peer: Peer, key: string, expected: unknown): Promise<void> {
  await waitUntil(async () => (await peer.call("get", key)) === expected, {
    what: `${peer.name} sees ${String(expected)}`,
  });
}
