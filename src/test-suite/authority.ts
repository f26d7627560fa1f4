// What every Authority promises, as tests: leases, writes, epochs, and looking at them.

import { authorityEpochContract } from "./authority-epochs.ts";
import { authorityInspectionContract } from "./authority-inspection.ts";
import { authorityLeaseContract } from "./authority-leases.ts";
import { authorityWriteContract } from "./authority-writes.ts";
import type { AuthorityUnderTest, Suite } from "./suite.ts";

/**
 * Registers one test for each promise of an `Authority`. Leases and entries of a few milliseconds are waited for, for
 * five seconds at most. What is optional is tested where it is there.
 *
 * @param suite the test runner
 * @param open gives two authorities that share their data, once per test. They may be the same each time, and need not
 *   be empty. Whoever brings them closes them.
 *
 * @example
 * ```ts
 * authorityContract({ test, assert }, () =>
 *   Promise.resolve({ authority: openOn(file), other: openOn(file), root: "shop", layout: SAMPLE_LAYOUT }),
 * );
 * ```
 */
export function authorityContract(suite: Suite, open: () => Promise<AuthorityUnderTest>): void {
  authorityLeaseContract(suite, open);
  authorityWriteContract(suite, open);
  authorityEpochContract(suite, open);
  authorityInspectionContract(suite, open);
}
