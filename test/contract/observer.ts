// What every Observer promises. Any observer, ours or a user's, runs this suite.

import { beforeEach, describe, expect, test } from "vitest";
import type { CacheEvent, CacheEventType } from "../../src/index.ts";
import type { Observer } from "../../src/contracts/observer.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";

/** An observer, and the way to its listeners. */
export interface ObserverUnderTest {
  readonly observer: Observer;
  /** Adds a listener; returns what takes it away. */
  listen(type: CacheEventType, listener: (event: CacheEvent) => unknown): () => void;
}

const miss = (key: string): CacheEvent => ({ type: "miss", key, namespace: undefined });
const set = (key: string): CacheEvent => ({ type: "set", key, namespace: "n" });

/** Runs the suite. `make` is called once per test. */
export function observerContract(name: string, make: () => ObserverUnderTest): void {
  describe(`the contract of an observer: ${name}`, () => {
    let { observer, listen } = {} as ObserverUnderTest;
    let heard: unknown[] = [];
    const hears = (event: CacheEvent): void => void heard.push(event);
    beforeEach(() => {
      ({ observer, listen } = make());
      heard = [];
    });

    test("wants events of exactly the types that somebody listens to now", () => {
      expect(observer.wants("miss")).toBe(false);
      const stopOne = listen("miss", hears);
      const stopOther = listen("miss", () => undefined);
      expect(observer.wants("miss")).toBe(true);
      expect(observer.wants("hit")).toBe(false);
      stopOne();
      expect(observer.wants("miss")).toBe(true);
      stopOther();
      expect(observer.wants("miss")).toBe(false);
    });

    test("delivers every event, unchanged and in order, to all listeners of its type", () => {
      listen("miss", hears);
      listen("miss", (event) => heard.push(["too", event]));
      const [a, b] = [miss("a"), miss("b")];
      observer.notify(a);
      observer.notify(b);
      expect(heard).toEqual([a, ["too", a], b, ["too", b]]);
      expect(heard[0]).toBe(a);
    });

    test("delivers nothing to listeners of other types, nor to those that have stopped", () => {
      listen("set", hears);
      const stop = listen("miss", hears);
      stop();
      stop();
      observer.notify(miss("a"));
      observer.notify(set("b"));
      expect(heard).toEqual([set("b")]);
    });

    test("takes an event that nobody wants", () => {
      expect(() => observer.notify(miss("a"))).not.toThrow();
    });

    test("lets a listener stop itself while it hears", () => {
      const stop = listen("miss", (event) => {
        stop();
        hears(event);
      });
      listen("miss", hears);
      observer.notify(miss("a"));
      observer.notify(miss("b"));
      expect(heard).toEqual([miss("a"), miss("a"), miss("b")]);
    });

    test("survives a listener that throws, tells the others, and reports the error", () => {
      const error = new Error("thrown by a listener");
      listen("listenerError", hears);
      listen("miss", () => {
        throw error;
      });
      listen("miss", hears);
      expect(() => observer.notify(miss("a"))).not.toThrow();
      expect(heard).toEqual([{ type: "listenerError", error, event: miss("a") }, miss("a")]);
    });

    test("survives a listener whose promise rejects, and reports the error", async () => {
      const error = new Error("rejected by a listener");
      listen("listenerError", hears);
      listen("miss", () => Promise.reject(error));
      observer.notify(miss("a"));
      await drainMicrotasks();
      expect(heard).toEqual([{ type: "listenerError", error, event: miss("a") }]);
    });

    test("survives listeners that fail with nobody to hear of it, in either way", async () => {
      listen("miss", () => {
        throw new Error("unheard");
      });
      listen("miss", () => Promise.reject(new Error("unheard")));
      expect(() => observer.notify(miss("a"))).not.toThrow();
      await drainMicrotasks();
    });

    test("does not go round in circles when a listener of listener errors fails", async () => {
      let calls = 0;
      listen("listenerError", () => {
        calls++;
        throw new Error("again");
      });
      listen("listenerError", () => {
        calls++;
        return Promise.reject(new Error("and again"));
      });
      listen("miss", () => {
        throw new Error("first");
      });
      observer.notify(miss("a"));
      await drainMicrotasks();
      expect(calls).toBe(2);
    });
  });
}
