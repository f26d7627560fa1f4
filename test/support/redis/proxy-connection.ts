// One client's connection through a proxy: two sockets, a lane each way, and which reply answers which command.

import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Direction } from "./proxy-direction.ts";
import { Lane } from "./proxy-lane.ts";
import type { ConnectionFacts, Frame } from "./proxy-rules.ts";
import { commandOf, FrameSplitter } from "./resp.ts";

/** These are confirmed by push messages (RESP3) or by what looks like one (RESP2), once a channel. */
const SUBSCRIBING = /^[PS]?(UN)?SUBSCRIBE$/;
const PUSH = /^(>|\*[34]\r\n\$\d+\r\n[ps]?(message|(un)?subscribe)\r\n)/;

/** What a connection needs from its proxy. */
export interface ConnectionSetting {
  readonly id: number;
  readonly client: Socket;
  readonly target: { readonly host: string; readonly port: number };
  readonly toServer: Direction;
  readonly toClient: Direction;
  /** Both sides are gone. */
  readonly closed: (connection: ProxyConnection) => void;
}

/** A connection of a client through a proxy. */
export class ProxyConnection implements ConnectionFacts {
  readonly id: number;
  readonly commandNames = new Set<string>();
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #lanes: readonly Lane[];
  readonly #unanswered: (readonly string[])[] = [];
  #subscribed = false;
  #clientGone = false;

  constructor({ id, client, target, toServer, toClient, closed }: ConnectionSetting) {
    this.id = id;
    this.#client = client;
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const up = this.#createLane(toServer, this.#server, client, (frame) => {
      this.#sent(frame);
    });
    const down = this.#createLane(toClient, client, this.#server, () => undefined);
    this.#lanes = [up, down];
    this.#feed(client, up, (bytes) => ({ bytes, command: commandOf(bytes) }));
    this.#feed(this.#server, down, (bytes) => ({ bytes, command: this.#answered(bytes) }));
    const gone = (): void => {
      this.#clientGone = true;
    };
    client.once("end", gone).once("close", gone);
    const whenBothAre = (): void => {
      if (!client.closed || !this.#server.closed) return;
      toServer.detach(up);
      toClient.detach(down);
      closed(this);
    };
    client.once("close", whenBothAre);
    this.#server.once("close", whenBothAre);
  }

  /** The client has not ended it. */
  get open(): boolean {
    return !this.#clientGone;
  }

  /** RST to both sides, at once. */
  reset(): void {
    for (const lane of this.#lanes) lane.close();
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  #createLane(direction: Direction, to: Socket, from: Socket, delivered: (frame: Frame) => void): Lane {
    const lane = new Lane(direction, {
      facts: this,
      to,
      delivered,
      reset: () => {
        this.reset();
      },
      closeSource: () => {
        from.destroy();
      },
    });
    direction.attach(lane);
    return lane;
  }

  #feed(from: Socket, lane: Lane, describe: (bytes: Buffer) => Frame): void {
    const splitter = new FrameSplitter();
    let ended = false;
    const end = (content: "end" | "reset"): void => {
      if (ended) return;
      ended = true;
      const rest = splitter.flush();
      if (rest.length > 0) lane.push({ bytes: rest, command: undefined });
      lane.push(content);
    };
    from.on("data", (chunk) => {
      for (const bytes of splitter.push(chunk)) lane.push(describe(bytes));
    });
    from.on("error", () => undefined);
    from.once("end", () => {
      end("end");
    });
    from.once("close", () => {
      end("reset");
    });
  }

  #sent({ command }: Frame): void {
    const name = command?.[0]?.toUpperCase();
    if (command === undefined || name === undefined) return;
    this.commandNames.add(name);
    if (SUBSCRIBING.test(name)) this.#subscribed = true;
    else this.#unanswered.push(command);
  }

  #answered(reply: Buffer): readonly string[] | undefined {
    const isPush = reply[0] === 0x3e || (this.#subscribed && PUSH.test(reply.toString("latin1", 0, 40)));
    return isPush ? undefined : this.#unanswered.shift();
  }
}
