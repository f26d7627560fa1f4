// A process of a fleet: it opens sites, and asks them what the test says.

import { assertNever } from "../../../src/errors.ts";
import type { FromPeer, Question, ToPeer } from "./protocol.ts";
import { Site } from "./site.ts";

const sites = new Map<string, Site>();

async function answerTo(name: string, question: Question): Promise<unknown> {
  if (question.what === "open") return sites.set(name, new Site(question.options)).size;
  const site = sites.get(name);
  if (site === undefined) throw new Error(`there is no site ${name}`);
  switch (question.what) {
    case "ask":
      return site.ask(question.url, question.init);
    case "purge":
      return site.cache.invalidateTags(question.tags);
    case "isEngaged":
      return isEngaged(site);
    case "isLive":
      return site.cache.stats().bus?.live === true;
    case "close":
      sites.delete(name);
      await site.cache.close();
      return true;
    default:
      return assertNever(question);
  }
}

/** Whether a refresh has got the lease, or waits for the process that has. */
function isEngaged({ cache }: Site): boolean {
  const { leases } = cache.stats();
  return leases !== undefined && leases.granted + leases.denied > 0;
}

function tell(message: FromPeer): void {
  if (process.connected) process.send?.(message);
}

process.on("message", ({ id, site, question }: ToPeer) => {
  answerTo(site, question).then(
    (answer) => tell({ id, answer }),
    (error: unknown) => tell({ id, error: String(error) }),
  );
});
// Nothing else keeps it alive: what a cache left behind would.
process.on("disconnect", () => void Promise.all([...sites.values()].map(({ cache }) => cache.close())));
tell({ id: 0 });
