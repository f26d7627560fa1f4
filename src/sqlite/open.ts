// Puts the parts of the SQLite tier together.

import type { RemoteTier, RemoteTierContext } from "../contracts/remote.ts";
import { randomBytes } from "../model/random.ts";
import { SqliteAuthority } from "./authority.ts";
import { SqliteBus } from "./bus.ts";
import { SqliteClient } from "./client.ts";
import type { SqliteShare } from "./share.ts";
import { SqliteSyncAuthority } from "./sync-authority.ts";
import { SqliteTier } from "./tier.ts";
import { SqliteVerbs } from "./verbs.ts";

/** Opens the tier for one cache; its file is opened when it is used first. */
export function openSqlite(share: SqliteShare, context: RemoteTierContext): RemoteTier {
  const { root, layout, clock } = context;
  const { name, maxEntries, maxBytes, divergenceLimitMs, bus: wantsBus } = share.settings;
  const part = share.join(clock);
  const { link, writer, reader, touches } = part;
  const stop = link.onReconnect((reason) => context.onReconnect(reason));
  const publisher = randomBytes(9).toString("base64url");
  const client = new SqliteClient({ link, writer, clock });
  const verbs = new SqliteVerbs({ root, layout, publisher, maxBytes, touches });
  const canWrite = (): boolean => writer.probe();
  const bus = wantsBus ? new SqliteBus({ reader, clock, root, publisher, divergenceLimitMs, canWrite }) : undefined;
  const close = async (): Promise<void> => {
    client.close();
    await bus?.close();
    await part.leave();
    stop();
  };
  return {
    tier: new SqliteTier(name, client, verbs, close),
    authority: new SqliteAuthority(client, verbs),
    syncAuthority: new SqliteSyncAuthority(client, verbs),
    bus,
    shardOf: () => name,
    problem: () => link.problem,
    usage() {
      const { held } = link;
      return held && { entries: held.entries, capacity: maxEntries, bytes: held.bytes, maxBytes };
    },
    close,
  };
}
