// Messages between two processes, those of one turn of the event loop in one piece: one by one they cost most of the time.

/** The other process, as a child or as the parent. */
export interface Channel {
  readonly connected: boolean;
  send?(message: unknown, done: (error: Error | null) => void): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
}

export class Link<Out, In> {
  readonly #channel: Channel;
  #outbox: Out[] = [];

  constructor(channel: Channel, receive: (message: In) => void) {
    this.#channel = channel;
    // `as`: both ends are started by the same demo
    channel.on("message", (messages) => (messages as In[]).forEach(receive));
  }

  post(message: Out): void {
    if (this.#outbox.push(message) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const messages = this.#outbox;
    this.#outbox = [];
    // Who is gone hears nothing; that he is gone is told elsewhere.
    if (this.#channel.connected) this.#channel.send?.(messages, () => undefined);
  };
}
