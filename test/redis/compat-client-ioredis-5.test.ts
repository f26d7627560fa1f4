// The tier on a client of ioredis 5 that the user brings.

import { clientSuite, clusterClientSuite } from "./compat-client.ts";
import { IOREDIS_5 } from "./compat-libraries.ts";

clientSuite(IOREDIS_5);
clusterClientSuite(IOREDIS_5);
