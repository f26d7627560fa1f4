// The entry point `freshtier/test-suite`: what tiers, authorities and buses promise, as tests for any test runner.

export { tierContract, type TierUnderTest } from "./tier.ts";
export { authorityContract } from "./authority.ts";
export { busContract, type BusProcess, type BusUnderTest } from "./bus.ts";
export { SAMPLE_LAYOUT, type AuthorityUnderTest, type Suite, type SuiteAssert } from "./suite.ts";
export { systemClock } from "../model/clock.ts";
