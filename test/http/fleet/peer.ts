// Another process of a fleet, as its test sees it: to be asked, stopped and killed.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { MutationResult } from "../../../src/index.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { Carried, FromPeer, Question, SiteOptions, ToPeer } from "./protocol.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));

/** A process of its own. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  static async start(): Promise<Peer> {
    const execArgv = ["--import", "tsx", "--disable-warning=ExperimentalWarning"];
    const child = fork(PROGRAM, {
      execArgv,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    await once(child, "message");
    return new Peer(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: FromPeer) => this.#hear(message));
    child.once("exit", (code, signal) => {
      for (const { reject } of this.#answers.values()) reject(new Error(`the peer ended with ${signal ?? code}`));
    });
  }

  /** Opens a site there, and waits until it hears what the others do. */
  async open(options: SiteOptions): Promise<PeerSite> {
    await this.tell(options.name, { what: "open", options });
    await waitUntil(() => this.tell(options.name, { what: "isLive" }), { what: "the bus is live", deadlineMs: 20_000 });
    return new PeerSite(this, options);
  }

  tell(site: string, question: Question): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      // One that is gone cannot be told.
      this.#child.send({ id, site, question } satisfies ToPeer, (error) => error && reject(error));
    });
    return answer;
  }

  /** Lets it close everything; resolves to its exit code. */
  async leave(): Promise<unknown> {
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    return (await exit)[0] as unknown;
  }

  /** `kill -9`. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  #hear({ id, answer, error }: FromPeer): void {
    const asked = this.#answers.get(id);
    this.#answers.delete(id);
    if (error === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(error));
  }
}

/** What a site of another process answers. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** What is said in `Cache-Status`, without the name of the cache and the time that is left. */
  readonly way: string;
}

/** A site in another process. */
export class PeerSite {
  readonly #peer: Peer;
  readonly #options: SiteOptions;

  constructor(peer: Peer, options: SiteOptions) {
    this.#peer = peer;
    this.#options = options;
  }

  /** Asks for a path, and reads the answer. */
  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const url = this.#options.origin + path;
    const carried = (await this.#peer.tell(this.#options.name, { what: "ask", url, init })) as Carried;
    const headers = new Headers(carried.headers.map(([name, value]): [string, string] => [name, value]));
    const bytes = Buffer.from(carried.body);
    const { status, statusText } = carried;
    return { status, statusText, headers, bytes, text: bytes.toString(), way: wayOf(headers) };
  }

  /** The body of an answer. */
  async text(path: string, init: RequestInit = {}): Promise<string> {
    return (await this.ask(path, init)).text;
  }

  async purge(...tags: readonly string[]): Promise<MutationResult> {
    return (await this.#peer.tell(this.#options.name, { what: "purge", tags })) as MutationResult;
  }

  /** Resolves when the first refresh of this site has got its lease, or waits for the process that has. */
  async engaged(): Promise<void> {
    const isEngaged = (): Promise<unknown> => this.#peer.tell(this.#options.name, { what: "isEngaged" });
    await waitUntil(isEngaged, { what: "it waits for what another process does, or does it" });
  }

  async close(): Promise<void> {
    await this.#peer.tell(this.#options.name, { what: "close" });
  }
}

function wayOf(headers: Headers): string {
  const said = headers.get("cache-status") ?? "";
  return said
    .replace(/^freshtier(; )?/, "")
    .replace(/(; )?ttl=-?\d+/, "")
    .replace(/^; /, "");
}
