// What the workloads of HTTP have in common: a server in a process of its own, and a load of requests from this one.

import autocannon from "autocannon";
import { HTTP_LIMIT } from "../contenders/index.mjs";
import { makeProfiles } from "../data.mjs";
import { Fleet } from "../fleet.mjs";
import { shuffled, spread } from "../statistics.mjs";

const CONNECTIONS = 32;
const PRODUCTS = 100;

/** @param {{ id: string, title: string, framework: string, limit: string, target?: number }} definition */
export function httpWorkload({ framework, ...definition }) {
  return {
    ...definition,
    needs: [framework],
    unit: "requests/s",
    better: "higher",
    prepare: (contender) => serve(contender.listen[framework]),
    measure: (contenders, pace) => measure(definition.id, contenders, pace.http),
  };
}

/** Steps of a server's process: each product is asked for once before it is told where the server listens. */
function serve(listen) {
  const products = new Map(makeProfiles(PRODUCTS).map((product) => [String(product.id), product]));
  return {
    async listen() {
      const port = await listen((id) => products.get(id));
      const urls = [...products.keys()].map((id) => `http://127.0.0.1:${port}/products/${id}`);
      for (const url of urls) await (await fetch(url)).text();
      const bodies = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
      return { port, ids: [...products.keys()], bodies };
    },
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
  };
}

async function measure(workloadId, contenders, pace) {
  const ids = contenders.map(({ id }) => id);
  const rounds = [];
  for (let start = 0; start < pace.starts; start++) {
    const fleet = new Fleet(workloadId, ids);
    const servers = {};
    for (const id of ids) servers[id] = await fleet.call(id, "listen");
    for (const id of ids) await load(servers[id], pace.warmUpRequests);
    for (let round = 0; round < pace.rounds; round++) rounds.push(await oneRound(fleet, servers, pace.requests));
    await fleet.stop();
  }
  return ids.map((id) => rowOf(id, rounds));
}

async function oneRound(fleet, servers, requests) {
  const results = {};
  for (const id of shuffled(Object.keys(servers))) {
    const before = await fleet.call(id, "cpuMs");
    const { perSecond, p99Ms } = await load(servers[id], requests);
    const cpuUs = ((await fleet.call(id, "cpuMs")) - before) * 1_000;
    results[id] = { perSecond, p99Ms, cpuUs: cpuUs / requests };
  }
  return results;
}

/** Every answer is looked at: whoever answers something else ends the run. What autocannon calls its duration is whole seconds. */
async function load({ port, ids, bodies }, requests) {
  const startedAt = performance.now();
  let endedAt = startedAt;
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: CONNECTIONS,
    amount: requests,
    requests: ids.map((id, i) => ({
      path: `/products/${id}`,
      onResponse: (status, body) => {
        endedAt = performance.now();
        if (status !== 200 || body !== bodies[i]) throw new Error(`product ${id}: ${status} ${body}`);
      },
    })),
  });
  const wrong = result.errors + result.timeouts + result.non2xx + result.resets;
  if (wrong > 0) throw new Error(`${wrong} of ${requests} requests failed`);
  return { perSecond: (requests * 1_000) / (endedAt - startedAt), p99Ms: result.latency.p99 };
}

function rowOf(id, rounds) {
  const of = (pick) => spread(rounds.map((round) => pick(round[id], round[HTTP_LIMIT])));
  return {
    id,
    value: of(({ perSecond }) => perSecond),
    ratio: of(({ perSecond }, limit) => perSecond / limit.perSecond),
    extra: {
      "p99, ms": of(({ p99Ms }) => p99Ms).median.toFixed(1),
      "CPU a request, µs": of(({ cpuUs }) => cpuUs).median.toFixed(1),
    },
  };
}
