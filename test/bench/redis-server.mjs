// The Redis server of the Redis rows: found, started on a free port of loopback in a temporary directory, and stopped.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const NAMES = ["redis-server", "valkey-server"];
/** Where package managers put servers that are on nobody's PATH. */
const PLACES = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];
const HOST = "127.0.0.1";
const READY_WITHIN_MS = 10_000;

/** @returns {{ path: string, version: string } | undefined} the server named by FRESHTIER_REDIS_SERVER, or the first found */
export function findServer(env = process.env) {
  const wanted = env.FRESHTIER_REDIS_SERVER;
  if (wanted) {
    if (!isExecutable(wanted)) throw new Error(`FRESHTIER_REDIS_SERVER must be the path of a server, got ${wanted}`);
    return describe(wanted);
  }
  const folders = [...(env.PATH ?? "").split(delimiter), ...PLACES].filter((folder) => folder !== "");
  const path = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  return path === undefined ? undefined : describe(path);
}

/**
 * A server with nothing on disk. It is stopped by `stop()`, and when this process exits or is interrupted.
 * @param {string} path
 * @returns {Promise<{ url: string, flush: () => Promise<void>, stop: () => Promise<void> }>}
 */
export async function startServer(path) {
  const directory = mkdtempSync(join(tmpdir(), "freshtier-bench-"));
  const port = await freePort();
  const args = ["--port", port, "--bind", HOST, "--save", "", "--appendonly", "no", "--dir", directory].map(String);
  const child = spawn(path, args, { stdio: "ignore" });
  const exited = once(child, "exit");
  const end = endOf(child, directory);
  await untilReady(port, child, path).catch((error) => {
    end();
    throw error;
  });
  return {
    url: `redis://${HOST}:${port}`,
    flush: async () => {
      const reply = await ask(port, "FLUSHALL");
      if (reply !== "+OK") throw new Error(`FLUSHALL was answered with ${reply}`);
    },
    stop: async () => {
      end();
      await exited;
    },
  };
}

/** Ends this server and no other, once, whichever way this process comes to its own end. */
function endOf(child, directory) {
  const end = () => {
    process.off("exit", end);
    for (const name of Object.keys(signals)) process.off(name, signals[name]);
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
  const signals = {
    SIGINT: () => process.exit(130),
    SIGTERM: () => process.exit(143),
    SIGHUP: () => process.exit(129),
  };
  process.on("exit", end);
  for (const name of Object.keys(signals)) process.on(name, signals[name]);
  return end;
}

async function untilReady(port, child, path) {
  const deadline = performance.now() + READY_WITHIN_MS;
  while ((await ask(port, "PING").catch(() => undefined)) !== "+PONG") {
    if (child.exitCode !== null) throw new Error(`${path} exited with ${child.exitCode}`);
    if (performance.now() > deadline) throw new Error(`${path} did not answer within ${READY_WITHIN_MS} ms`);
    await sleep(20);
  }
}

/** One command by a connection of its own, which needs no client library. */
async function ask(port, command) {
  const socket = connect(port, HOST);
  try {
    await once(socket, "connect");
    socket.write(`${command}\r\n`);
    const [reply] = await once(socket, "data");
    return reply.toString().trim();
  } finally {
    socket.destroy();
  }
}

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function describe(path) {
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
  const [version = "of unknown version"] = /\bv=[\d.]+/.exec(stdout ?? "") ?? [];
  return { path, version: `${/valkey/i.test(stdout ?? "") ? "Valkey" : "Redis"} ${version.replace("v=", "")}` };
}
