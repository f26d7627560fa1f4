// Statistics, which is the default.

import { watched } from "./watched.mjs";

// A hit may take 1.15 times as long.
export const contender = { name: "statistics", target: 0.87, create: watched({}) };
