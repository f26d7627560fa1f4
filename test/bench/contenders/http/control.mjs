// The limit once more: how far it is from itself.

import { contender as bare } from "./bare.mjs";

export const contender = { ...bare, name: "control" };
