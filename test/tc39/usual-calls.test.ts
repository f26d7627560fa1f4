// A cached method that has been called before answers hits without looking at everything again: what it must still see.

import { describe, expect, test } from "vitest";
import { Cached, cacheOf } from "../../src/decorators/index.ts";
import { createCache } from "../support/cache.ts";

describe("after a hit", () => {
  test("a condition that holds no more is seen", async () => {
    const { cache } = createCache();
    class Service {
      runs = 0;
      isOpen = true;

      @Cached("count", {
        cache,
        condition(this: Service) {
          return this.isOpen;
        },
      })
      async count(): Promise<number> {
        return ++this.runs;
      }
    }
    const service = new Service();
    expect([await service.count(), await service.count()]).toEqual([1, 1]);
    service.isOpen = false;
    expect([await service.count(), await service.count()]).toEqual([2, 3]);
  });

  test("a namespace of the object is that of this object", async () => {
    const { cache } = createCache();
    class Service {
      readonly tenant: string;

      constructor(tenant: string) {
        this.tenant = tenant;
      }

      @Cached("name", { cache, namespace: "{this.tenant}" })
      async name(): Promise<string> {
        return this.tenant;
      }
    }
    const [a, b] = [new Service("a"), new Service("b")];
    await cache.set("name", "nobody's");
    expect([await a.name(), await a.name(), await b.name(), await b.name()]).toEqual(["a", "a", "b", "b"]);
  });

  test("a signal that has been aborted is heard", async () => {
    const { cache } = createCache();
    class Service {
      @Cached("product:{0}", { cache })
      async product(id: number, _signal?: AbortSignal): Promise<number> {
        return id;
      }
    }
    const service = new Service();
    expect([await service.product(1), await service.product(1)]).toEqual([1, 1]);
    const gone = new Error("the caller has left");
    await expect(service.product(1, AbortSignal.abort(gone))).rejects.toBe(gone);
    expect(await service.product(1)).toBe(1);
  });

  test("a run of the overriding method gets what the overridden one makes now, not what was cached", async () => {
    const { cache } = createCache();
    class Base {
      runs = 0;

      @Cached("count", { cache })
      async count(): Promise<number> {
        return ++this.runs;
      }
    }
    class Derived extends Base {
      @Cached("count", { cache })
      override async count(): Promise<number> {
        return 100 + (await super.count());
      }
    }
    const [base, derived] = [new Base(), new Derived()];
    expect([await base.count(), await base.count(), await derived.count()]).toEqual([1, 1, 1]);
    expect(await cacheOf(derived, "count").refresh()).toBe(101);
    expect(await cacheOf(derived, "count").refresh()).toBe(102);
  });

  test("of the default cache, the next one is asked once there is another", async () => {
    const caches = [createCache().cache, createCache().cache];
    let current = 0;
    class Service {
      runs = 0;

      @Cached("count", { cache: () => caches[current]! })
      async count(): Promise<number> {
        return ++this.runs;
      }
    }
    const service = new Service();
    expect([await service.count(), await service.count()]).toEqual([1, 1]);
    current = 1;
    expect([await service.count(), await service.count()]).toEqual([2, 2]);
    current = 0;
    expect(await service.count()).toBe(1);
  });
});
