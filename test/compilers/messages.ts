// What a compiler must say of the wrong uses on a page: each stands below a comment with its text.

import { readFileSync } from "node:fs";
import { createProject, runTsc } from "./project.ts";

const PAGE = readFileSync(new URL("pages/wrong.ts.txt", import.meta.url), "utf8");

/** An error and its line. */
export interface Message {
  readonly line: number;
  readonly text: string;
}

/** The errors there must be. */
export const EXPECTED: readonly Message[] = PAGE.split("\n").flatMap((line, index) => {
  const text = /^ *\/\/ says: (.*)$/.exec(line)?.[1];
  return text === undefined ? [] : [{ line: index + 2, text }];
});

/** The errors of a compiler; where one has the text that is expected at its line, that. */
export function messagesOf(path: string, flags: readonly string[]): Message[] {
  const project = createProject({ wrong: PAGE });
  try {
    const errors = outputOf(path, project.folder, flags).split(/^(?=wrong\.ts\()/m);
    return errors.filter((error) => error.startsWith("wrong.ts(")).map(read);
  } finally {
    project.remove();
  }
}

function outputOf(path: string, folder: string, flags: readonly string[]): string {
  try {
    return runTsc(path, folder, ["--noEmit", ...flags, "wrong.ts"]);
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

function read(error: string): Message {
  const line = Number(/^wrong\.ts\((\d+),/.exec(error)?.[1]);
  const expected = EXPECTED.find((message) => message.line === line);
  return { line, text: expected !== undefined && error.includes(expected.text) ? expected.text : error };
}
