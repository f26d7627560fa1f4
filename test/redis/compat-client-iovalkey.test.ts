// The tier on a client of iovalkey that the user brings.

import { clientSuite, clusterClientSuite } from "./compat-client.ts";
import { IOVALKEY } from "./compat-libraries.ts";

clientSuite(IOVALKEY);
clusterClientSuite(IOVALKEY);
