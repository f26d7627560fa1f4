// What every Authority promises. Any authority, ours or a user's, runs this suite.

import { authorityEpochContract } from "./authority-epochs.ts";
import { authorityLeaseContract } from "./authority-leases.ts";
import { authorityWriteContract } from "./authority-writes.ts";
import type { AuthorityUnderTest, Suite } from "./suite.ts";

/** Runs the suite. `open` may give the same authority each time. */
export function authorityContract(suite: Suite, open: () => Promise<AuthorityUnderTest>): void {
  authorityLeaseContract(suite, open);
  authorityWriteContract(suite, open);
  authorityEpochContract(suite, open);
}
