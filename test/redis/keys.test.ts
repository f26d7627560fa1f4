// Names in Redis: nothing that a user writes can make two of them meet, or move one to another slot.

import { expect, test } from "vitest";
import { fullKey, keyRoot } from "../../src/model/key.ts";
import { redisKeys } from "../../src/redis/keys.ts";

const keys = redisKeys("shop", "app:", "");

test("names everything under prefix and root", () => {
  const full = fullKey("shop", "users", "1");
  expect(full).toBe("shop:v:{users:1}");
  expect(keys.entry(full)).toBe("app:shop:v:{users:1}");
  expect(keys.lease(full)).toBe("app:shop:l:{users:1}");
  expect(keys.epoch({ kind: "root" })).toBe("app:shop:r");
  expect(keys.epoch({ kind: "namespace", name: "users" })).toBe("app:shop:n:{users}");
  expect(keys.epoch({ kind: "namespace", name: undefined })).toBe("app:shop:n:{}");
  expect(keys.epoch({ kind: "tag", name: "red" })).toBe("app:shop:t:{red}");
  expect(keys.channel).toBe("app:shop:bus");
  expect(keys.ownChannel("me")).toBe("app:shop:bus:me");
});

test("keeps namespace a with key b:c apart from namespace a:b with key c", () => {
  const one = fullKey("shop", "a", "b:c");
  const two = fullKey("shop", "a:b", "c");
  expect(keys.entry(one)).not.toBe(keys.entry(two));
  expect(keys.lease(one)).not.toBe(keys.lease(two));
});

test.each(["a}b", "{x}", "}{", "a:b", "%7d", "\n", "{}"])("leaves the slot to the whole of the key %j", (odd) => {
  const full = fullKey("shop", odd, odd);
  for (const name of [keys.entry(full), keys.lease(full)]) {
    // What Redis hashes: from the first opening brace to the first closing one after it.
    const open = name.indexOf("{");
    expect(name.slice(open + 1, name.indexOf("}", open))).toBe(full.slice("shop:v:{".length, -1));
    expect(name.indexOf("}", open)).toBe(name.length - 1);
  }
});

test("keeps the root epoch of one version apart from the tags of another", () => {
  const names = ["t", "n", "r", "bus", undefined].flatMap((version) => {
    const of = redisKeys(keyRoot("shop", version), "", "");
    const tags = ["r", "t:r", "{r}"].map((name) => of.epoch({ kind: "tag", name }));
    return [of.epoch({ kind: "root" }), of.epoch({ kind: "namespace", name: "r" }), ...tags, of.channel];
  });
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  ["", "app:shop:l:{*"],
  ["shop", "app:shop:l:{*"],
  ["shop:v:{", "app:shop:l:{*"],
  ["shop:v:{n:", "app:shop:l:{n:*"],
  ["shop:w", undefined],
  ["other", undefined],
])("looks for the leases of full keys that start with %j at %j", (prefix, pattern) => {
  expect(keys.leasePattern(prefix)).toBe(pattern);
});

test("takes into account what the client puts in front by itself", () => {
  const of = redisKeys("shop", "app:", "client*:");
  expect(of.entry("shop:v:{:k}")).toBe("app:shop:v:{:k}");
  expect(of.channel).toBe("client*:app:shop:bus");
  expect(of.pattern("shop:v:{:a?")).toBe(String.raw`client\*:app:shop:v:{:a\?*`);
  expect(of.fullKeyOf("client*:app:shop:v:{:k}")).toBe("shop:v:{:k}");
  expect(of.trackedPrefix).toBe("client*:app:shop:v:{");
  expect(of.leasePattern("shop:v:{n:a*")).toBe(String.raw`client\*:app:shop:l:{n:a\**`);
  expect(of.leasedKeyOf("client*:app:shop:l:{n:k}")).toBe("shop:v:{n:k}");
});
