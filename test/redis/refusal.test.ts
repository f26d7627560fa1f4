// What Redis answers with an error: refusals, which say that it is well, and the rest, which count as its being away.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { replyCode } from "../../src/redis/reply-error.ts";
import { frameOf, freshKey, freshTag, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { FAULTS, type Fault } from "../support/redis/faults.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { listen, openProcess, type RedisProcess } from "./open.ts";
import { serverOfTests } from "./servers.ts";

forbidUnhandledRejections();

const redis = serverOfTests();

type Act = (process: RedisProcess) => Promise<unknown>;

const set: Act = ({ authority }) =>
  authority.set(freshKey("shop"), frameOf(FRAME_LAYOUT, randomVersion()), LONG, Infinity);
const remove: Act = ({ authority }) => authority.remove(freshKey("shop"), Infinity);
const put: Act = ({ tier }) => tier.set(freshKey("shop"), Buffer.from("x"), 60_000);
const get: Act = ({ tier }) => tier.get(freshKey("shop"));
const mint: Act = ({ authority }) => authority.epochs([freshTag()]);

/** Saving fails, because a directory is where the file should be; the server then takes no writes. */
const cannotSave: Fault = async (server) => {
  const inTheWay = join(server.directory, "dump.rdb");
  await rm(inTheWay, { force: true });
  await mkdir(inTheWay);
  const restore = await server.config({ save: "3600 1" });
  await server.command("BGSAVE");
  await waitUntil(async () => (await server.info("persistence")).includes("rdb_last_bgsave_status:err"), {
    what: "saving has failed",
  });
  return async () => {
    await rm(inTheWay, { recursive: true });
    await restore();
    await server.command("SAVE");
  };
};

test.each<[string, Fault, Act, string]>([
  ["what is set in a script when it is full", FAULTS.memoryFull, set, "OOM"],
  ["what a script fails of when it is full", FAULTS.memoryFull, mint, "OOM"],
  ["what is set by a plain command when it is full", FAULTS.memoryFull, put, "OOM"],
  ["a script when it has too few replicas", FAULTS.tooFewReplicas, remove, "NOREPLICAS"],
  ["a plain command when it has too few replicas", FAULTS.tooFewReplicas, put, "NOREPLICAS"],
  ["a script when it cannot save", cannotSave, remove, "MISCONF"],
  ["a plain command when it cannot save", cannotSave, put, "MISCONF"],
])("says that Redis refuses %s, and that it answers all the same", async (_what, fault, act, code) => {
  const process = openProcess("shop", { url: redis.server.url });
  await act(process);
  await redis.suffer(fault);
  await expect(act(process)).rejects.toMatchObject({
    code: "refused",
    message: "redis refused a command",
    cause: expect.objectContaining({ message: expect.stringContaining(code) }),
  });
  expect(await get(process)).toBeUndefined();
  expect(process.reconnects).toEqual([]);
  await redis.heal();
  await act(process);
});

test.each<[string, string | string[], Act, Act]>([
  ["a plain command", "-get", get, put],
  ["a script", ["-evalsha", "-eval"], remove, get],
  ["what a script does", "-del", remove, get],
  ["a key", "resetkeys", get, ({ bus }) => listen(bus)],
  ["what a script publishes", "resetchannels", remove, get],
])("says that Redis refuses %s to a user who may not", async (_what, rule, refused, allowed) => {
  await redis.server.command("ACL", "SETUSER", "some", "reset", "on", ">pw", "~*", "&*", "+@all", ...[rule].flat());
  const process = openProcess("shop", { url: redis.server.url.replace("redis://", "redis://some:pw@") });
  await expect(refused(process)).rejects.toMatchObject({
    code: "refused",
    cause: expect.objectContaining({ message: expect.stringMatching(/NOPERM|The user executing the script can't/) }),
  });
  await allowed(process);
});

test.each<[string, Fault, Act, string]>([
  ["it loads its data", FAULTS.loading, get, "LOADING"],
  ["it is busy with a script", FAULTS.busyScript, get, "BUSY"],
  ["it is a replica", FAULTS.readOnly, remove, "READONLY"],
  ["it is a replica, and is sent a plain command", FAULTS.readOnly, put, "READONLY"],
  ["it is a replica that serves nothing without its primary", replicaOfNobody, get, "MASTERDOWN"],
])("counts as away when %s", async (_what, fault, act, code) => {
  const process = openProcess("shop", { url: redis.server.url });
  await act(process);
  await redis.suffer(fault);
  await expect(act(process)).rejects.toMatchObject({
    code: "unavailable",
    cause: expect.objectContaining({ message: expect.stringContaining(code) }),
  });
  expect(process.reconnects).toEqual(/READONLY|MASTERDOWN/.test(code) ? ["the server is a replica"] : []);
});

async function replicaOfNobody(server: Parameters<Fault>[0]): ReturnType<Fault> {
  const restore = await server.config({ "replica-serve-stale-data": "no" });
  const promote = await FAULTS.readOnly(server);
  return async () => {
    await promote();
    await restore();
  };
}

test("reads what servers before 7.0 say of the command that a script failed of", () => {
  const failed = (message: string): Error => Object.assign(new Error(message), { name: "ReplyError" });
  const script = "ERR Error running script (call to f_0a1b): @user_script:9: @user_script: 9: ";
  expect(replyCode(failed(`${script}-OOM command not allowed when used memory > 'maxmemory'.`))).toBe("OOM");
  expect(replyCode(failed(`${script}-READONLY You can't write against a read only replica.`))).toBe("READONLY");
  expect(replyCode(failed(`${script}-NOPERM The user executing the script can't run this command`))).toBe("NOPERM");
  expect(replyCode(failed("WRONGTYPE Operation against a key"))).toBe("WRONGTYPE");
  expect(replyCode(new Error("OOM said by nobody that was asked"))).toBeUndefined();
});
