// What the terminal can do: colours and a moving progress bar on a TTY, plain lines everywhere else.
import { styleText } from "node:util";

export type Paint = (style: "bold" | "dim" | "green" | "red" | "cyan", text: string) => string;

export interface Terminal {
  readonly paint: Paint;
  /** Prints a line; above the progress bar while that moves. */
  readonly line: (text?: string) => void;
  /** Shows how far `label` is; call it as often as you like. */
  readonly progress: (label: string, done: number, total: number) => void;
}

const BAR_WIDTH = 30;
const FRAME_MS = 80;
/** Back to the first column, and everything from there on goes. */
const CLEAR_LINE = "\r\u001b[2K";

export function openTerminal(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const moving = out.isTTY && env["TERM"] !== "dumb";
  // https://no-color.org: set and not empty means no colours.
  const coloured = moving && !env["NO_COLOR"];
  const paint: Paint = (style, text) => (coloured ? styleText(style, text) : text);
  return moving ? movingTerminal(out, paint) : plainTerminal(out, paint);
}

function movingTerminal(out: NodeJS.WriteStream, paint: Paint): Terminal {
  let drawnAt = -Infinity;
  let bar = "";
  return {
    paint,
    line: (text = "") => void out.write(bar === "" ? `${text}\n` : `${CLEAR_LINE}${text}\n${bar}`),
    progress(label, done, total) {
      const now = performance.now();
      if (done < total && now - drawnAt < FRAME_MS) return;
      drawnAt = now;
      const filled = Math.round((BAR_WIDTH * done) / total);
      const blocks = paint("cyan", "█".repeat(filled)) + paint("dim", "░".repeat(BAR_WIDTH - filled));
      bar = `  ${label} ${blocks} ${countOf(done, total)}`;
      out.write(`\r${bar}${done < total ? "" : "\n"}`);
      if (done === total) bar = "";
    },
  };
}

function plainTerminal(out: NodeJS.WriteStream, paint: Paint): Terminal {
  const line = (text = ""): void => void out.write(`${text}\n`);
  return {
    paint,
    line,
    progress(label, done, total) {
      const quarter = Math.ceil(total / 4);
      if (done === total || (done > 0 && done % quarter === 0)) line(`  ${label} ${countOf(done, total)}`);
    },
  };
}

function countOf(done: number, total: number): string {
  const all = total.toLocaleString("en");
  return `${done.toLocaleString("en").padStart(all.length)} / ${all}`;
}
