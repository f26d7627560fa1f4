// What the shops of both flavours look like. Their classes are written twice, because each flavour has its compiler.

import type { DecoratorCache } from "../../src/decorators/index.ts";

/** An argument with properties. */
export interface Query {
  readonly id: number;
  readonly category: string;
}

/** A symbol as the name of a method. */
export const BY_SYMBOL: unique symbol = Symbol("bySymbol");

/** Decorated methods. Each writes to the log when it really runs, and returns what it wrote. */
export interface Products {
  tenant: string;
  /** `product:{id}` */
  product(id: string): Promise<string>;
  /** `product2:{0}`; a stranger's decorators stand above and below. */
  product2(id: string): Promise<string>;
  /** `{this.tenant}:list:{0.id}` in the namespace `lists:{this.tenant}`, tagged `category:{0.category}` */
  list(query: Query): Promise<string>;
  /** `page:{from}-{to}` with defaults, a destructured and a rest parameter. */
  page(from: number, to?: number, options?: { size?: number }, ...rest: string[]): Promise<string>;
  /** A key function that reads `this`. */
  byFunction(id: string): Promise<string>;
  /** A key function that throws for `"bad"`. */
  byThrowing(id: string): Promise<string>;
  /** `named:{product}`, a name given by `params`. */
  byParams(id: string): Promise<string>;
  /** A constant key. */
  all(): Promise<string>;
  /** `fails:{id}`; rejects with `failure`. */
  fails(id: string): Promise<string>;
  /** `fails-at-once:{0}`; throws `failure` before there is a promise. */
  failsAtOnce(id: string): Promise<string>;
  readonly failure: Error;
  /** Resolves when `release` is called. */
  slow(id: string): Promise<string>;
  release(): void;
  /** `computed:{id}` */
  computedName(id: string): Promise<string>;
  /** `symbol:{id}` */
  [BY_SYMBOL](id: string): Promise<string>;
  /** Stacked: cached twice under one key. */
  twice(id: string): Promise<string>;

  /** Deletes `product:{id}`. */
  save(id: string, price: number): Promise<string>;
  /** Deletes `product:{id}`; rejects with `failure`. */
  saveFails(id: string): Promise<string>;
  /** Deletes what the key function says. */
  saveByFunction(id: string): Promise<string>;
  /** Deletes `product:{0}` and `product:{1}`, invalidates the tag `category:{2}`. */
  swap(one: string, other: string, category: string): Promise<string>;
  /** Deletes `{this.tenant}:list:{0.id}` in the namespace `lists:{this.tenant}`. */
  forget(query: Query): Promise<string>;
  /** Clears the namespace `lists:{this.tenant}`. */
  forgetLists(): Promise<string>;
  /** Stacked: cached under `touch:{id}`; each run deletes `product:{id}`. */
  touch(id: string): Promise<string>;
}

/** The classes of one flavour. */
export interface Shop {
  readonly Products: (new () => Products) & {
    /** `static:{id}` */
    ofClass(id: string): Promise<string>;
  };
  /** Overrides `product` under the same key and calls `super`. */
  readonly Books: new () => Products;
  /** Overrides `product` of `Books` under `novel:{id}:{1}` and calls `super` with one argument. */
  readonly Novels: new () => Products & { product(id: string, edition?: string): Promise<string> };
  /** Overrides `product` of `Novels` under the key of `Books`. */
  readonly Classics: new () => Products;
  /** Overrides `product` without a decorator and calls `super`. */
  readonly Plain: new () => Products;
  /** Overrides `product` under `comic:{id}` and calls `super`. */
  readonly Comics: new () => Products;
  /** Overrides `product` under the same key in the namespace `toys` and calls `super`. */
  readonly Toys: new () => Products;
  /** Finds its cache by a property of its own. */
  readonly WithCache: new (cache: unknown) => Pick<Products, "product">;
  /** Overrides `product` under the same key in another cache and calls `super`. */
  readonly WithTwoCaches: new (cache: unknown, second: unknown) => Pick<Products, "product">;
}

/** Defines the classes of one flavour on a cache, or on the default one. */
export type DefineShop = (log: string[], cache?: DecoratorCache) => Shop;
