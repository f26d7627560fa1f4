// Makes the golden frames that are not there yet, and their index: npx tsx test/codec/write-golden.ts (zstd: Node.js 24)

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { encodeFrame } from "../../src/codec/frame-encode.ts";
import { FRAME_OFFSETS } from "../../src/codec/frame-layout.ts";
import { goldenFrames, type GoldenFrame } from "./golden-frames.ts";
import { coderOf } from "./payload-kit.ts";

const FOLDER = new URL("../golden/frame-v1/", import.meta.url);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const frame of goldenFrames) {
    const file = new URL(`${frame.name}.bin`, FOLDER);
    // Released bytes are what every later release has to read: they are never made anew.
    if (!existsSync(file)) writeFileSync(file, await frameOf(frame));
  }
  writeFileSync(new URL("index.md", FOLDER), goldenIndex());
}

/** A golden frame, written now. */
export async function frameOf({ key, envelope, options, value }: GoldenFrame): Promise<Buffer> {
  const coder = coderOf(options);
  const { codecId, bytes, isCompressed } = await coder.encode(value);
  return Buffer.from(encodeFrame(key, envelope, codecId, bytes, isCompressed, coder.seal));
}

/** The index of the golden frames, as readable as bytes can be. */
export function goldenIndex(): string {
  return `# Golden frames of format 1

Bytes that every release has to read. What they hold is told by \`test/codec/golden-frames.ts\`; a missing file and this
index are made by \`npx tsx test/codec/write-golden.ts\`, which leaves the files that are there alone.

${goldenFrames.map(section).join("\n")}`;
}

function section({ name, about, key }: GoldenFrame): string {
  const bytes = readFileSync(new URL(`${name}.bin`, FOLDER));
  const rows = [
    ["magic, format, flags, codec, key id, tags", 0, FRAME_OFFSETS.createdAt],
    ["createdAt", FRAME_OFFSETS.createdAt, FRAME_OFFSETS.freshUntil],
    ["freshUntil", FRAME_OFFSETS.freshUntil, FRAME_OFFSETS.staleUntil],
    ["staleUntil", FRAME_OFFSETS.staleUntil, FRAME_OFFSETS.errorUntil],
    ["errorUntil", FRAME_OFFSETS.errorUntil, FRAME_OFFSETS.checksum],
    ["checksum", FRAME_OFFSETS.checksum, FRAME_OFFSETS.byteLength],
    ["length", FRAME_OFFSETS.byteLength, FRAME_OFFSETS.version],
    ["version", FRAME_OFFSETS.version, FRAME_OFFSETS.loadMs],
    ["loadMs", FRAME_OFFSETS.loadMs, FRAME_OFFSETS.texts],
  ] as const;
  const dump = rows.map(([field, begin, end]) => `${field.padEnd(42)} ${bytes.toString("hex", begin, end)}`);
  return `## ${name}.bin

${about}; ${bytes.length} bytes, key \`${key}\`

\`\`\`
${dump.join("\n")}
\`\`\`
`;
}
