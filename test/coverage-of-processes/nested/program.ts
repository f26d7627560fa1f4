// What the process of the nested run does with the sources. Beyond `*` and `?` nobody else in that run does it.

import { compileGlob } from "../../../src/model/glob.ts";

compileGlob("[a-c]")("b");
