// What a log is written to, and from which level on.

/** How serious a line is. `silent` is more than all of them. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** From what is always there to what must be read. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** Writes a line: `fields` for machines, an error among them as `err`; `message` for people. */
export type LogMethod = (fields: object, message: string) => void;

/** A logger of pino's shape. `console` is one as well: it gets the message, and an error of the user's own code with it. */
export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
}
