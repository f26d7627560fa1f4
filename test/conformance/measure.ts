// One measurement: the server of the suite, the proxy before it, and the client of the suite before that, each a process of its own.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis } from "../support/redis/server.ts";
import { Child, output } from "./child.ts";
import type { Results, Suite } from "./suite.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOOPBACK = fileURLToPath(new URL("loopback.mjs", import.meta.url));
const CLIENT_MS = 300_000;

/** How the proxy is started. */
export interface ProxySettings {
  /** Whether it shares what it stores by a server. */
  readonly hasRedis: boolean;
  readonly setCookie: string | undefined;
}

/** Runs the suite once. Whatever was started is stopped, also when something fails. */
export async function measure(suite: Suite, settings: ProxySettings): Promise<Results> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const directory = await mkdtemp(join(tmpdir(), "freshtier-conformance-"));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const origin = await startServer(suite, join(directory, "pid"), ends);
    const proxy = await startProxy(origin, settings, ends);
    return await ask(suite, proxy);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function startServer(suite: Suite, pidfile: string, ends: (() => Promise<unknown>)[]): Promise<string> {
  const env = { npm_config_port: "0", npm_config_protocol: "http", npm_config_pidfile: pidfile };
  const args = ["--import", LOOPBACK, "server/server.mjs"];
  const [server, url] = await Child.start({ args, cwd: suite.programs, env }, /http:\/\/127\.0\.0\.1:\d+(?=\/)/);
  ends.push(() => server.stop());
  return url;
}

async function startProxy(
  origin: string,
  { hasRedis, setCookie }: ProxySettings,
  ends: (() => Promise<unknown>)[],
): Promise<string> {
  const args = ["--import", "tsx", "examples/http-proxy.ts", "--origin", origin, "--port", "0"];
  if (setCookie !== undefined) args.push("--set-cookie", setCookie);
  if (hasRedis) {
    const redis = await startRedis();
    ends.push(() => redis.stop());
    args.push("--redis", redis.url);
  }
  const [proxy, url] = await Child.start({ args, cwd: ROOT }, /http:\/\/127\.0\.0\.1:\d+(?= answers)/);
  ends.push(() => proxy.stop());
  return url;
}

async function ask(suite: Suite, base: string): Promise<Results> {
  // An empty id means all tests.
  const env = { npm_config_base: base, npm_config_id: "", npm_package_config_id: "" };
  const said = await output({ args: ["--no-warnings", "cli.mjs"], cwd: suite.programs, env }, CLIENT_MS);
  return JSON.parse(said) as Results;
}
