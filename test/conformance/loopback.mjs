// Loaded into the server of the suite, which names no host to listen on: keeps it to this machine.

import { Server } from "node:net";

const { listen } = Server.prototype;
Server.prototype.listen = function listenHere(port) {
  return listen.call(this, Number(port), "127.0.0.1");
};
