// The limit: nobody watches, and nobody is told what is counted.

import { watched } from "./watched.mjs";

export const contender = { name: "nothing", create: watched({ enableStats: false }) };
