// The tier on a client of ioredis 6 that the user brings. On a cluster it is what the tier makes itself, tested elsewhere.

import { clientSuite } from "./compat-client.ts";
import { IOREDIS_6 } from "./compat-libraries.ts";

clientSuite(IOREDIS_6);
