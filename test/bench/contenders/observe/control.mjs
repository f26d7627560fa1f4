// The limit a second time: how far its ratio is from 1 says how far the machine's noise reaches.

import { contender as limit } from "./unobserved.mjs";

export const contender = { ...limit, name: "control" };
