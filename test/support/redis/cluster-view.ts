// What a node of a cluster knows about the cluster: CLUSTER NODES, read.

import type { RedisServer } from "./redis-server.ts";

/** A node as another one sees it. */
export interface NodeView {
  readonly id: string;
  readonly port: number;
  readonly role: "master" | "replica";
  /** Of a replica: the id of its master. */
  readonly masterId: string | undefined;
  /** In touch, and neither failing nor in the middle of its introduction. */
  readonly healthy: boolean;
  /** Slots from and to, both included. */
  readonly slots: readonly (readonly [number, number])[];
}

/** The cluster as one node sees it. */
export async function viewOf(node: RedisServer): Promise<NodeView[]> {
  const lines = String(await node.command("CLUSTER", "NODES"))
    .trim()
    .split("\n");
  return lines.map(parseLine);
}

/** Whether a node takes commands: it believes that all slots are served. */
export async function isServing(node: RedisServer): Promise<boolean> {
  return /^cluster_state:ok\r?$/m.test(String(await node.command("CLUSTER", "INFO")));
}

// <id> <ip:port@busport[,name]> <flags> <master id or -> <ping> <pong> <epoch> <link> <slot or range>…
function parseLine(line: string): NodeView {
  const [id = "", address = "", flagList = "", masterId = "-", , , , link, ...slots] = line.split(" ");
  const flags = flagList.split(",");
  const ill = ["fail", "fail?", "handshake", "noaddr"].some((flag) => flags.includes(flag));
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    role: flags.includes("master") ? "master" : "replica",
    masterId: masterId === "-" ? undefined : masterId,
    healthy: !ill && (link === "connected" || flags.includes("myself")),
    // Slots under way to or from another node are in brackets.
    slots: slots.filter((range) => !range.startsWith("[")).map(parseRange),
  };
}

function parseRange(range: string): [number, number] {
  const [from = Number.NaN, to = from] = range.split("-").map(Number);
  return [from, to];
}
