// The processes of one workload, one per contender, and the calls into them.

import { fork } from "node:child_process";
import { once } from "node:events";

const worker = new URL("worker.mjs", import.meta.url);

export class Fleet {
  #workloadId;
  #processes;

  /**
   * @param {string} workloadId @param {readonly string[]} contenderIds
   * @param {{ nodeOptions?: readonly string[], place?: string }} settings
   */
  constructor(workloadId, contenderIds, { nodeOptions = [], place } = {}) {
    this.#workloadId = workloadId;
    this.#processes = new Map(
      contenderIds.map((id) => {
        const args = [id, workloadId, ...(place === undefined ? [] : [place])];
        const child = fork(worker, args, { execArgv: ["--expose-gc", ...nodeOptions] });
        return [id, { child, died: once(child, "exit") }];
      }),
    );
  }

  /** Runs one step of a contender's workload and resolves to what it returned. */
  async call(contenderId, step, ...args) {
    const { child, died } = this.#processes.get(contenderId);
    const failed = died.then(([code]) => [{ error: `exited with ${code}` }]);
    const answered = once(child, "message");
    child.send({ step, args });
    const [answer] = await Promise.race([answered, failed]);
    if ("error" in answer) throw new Error(`${contenderId} in ${this.#workloadId}: ${answer.error}`);
    return answer.result;
  }

  /** The same step of all contenders at once: for work that is not timed. */
  callAll(step, ...args) {
    return Promise.all([...this.#processes.keys()].map((id) => this.call(id, step, ...args)));
  }

  /** Resolves when they are gone: what they leave behind can be removed, and nothing of theirs runs beside the next. */
  async stop() {
    const processes = [...this.#processes.values()];
    for (const { child } of processes) child.disconnect();
    await Promise.all(processes.map(({ died }) => died));
  }
}
