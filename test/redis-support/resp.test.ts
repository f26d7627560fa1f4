// The wire: frames are cut alike wherever the network cuts.

import fc from "fast-check";
import { expect, test } from "vitest";
import { commandOf, decode, encodeCommand, FrameSplitter, payloadSpans, RespError } from "../support/redis/resp.ts";

/** One of each type of RESP2 and RESP3, with line ends where only lengths tell that nothing ends. */
const FRAMES = [
  ...["+OK\r\n", "-ERR no\r\n", ":-12\r\n", "$6\r\nab\r\ncd\r\n", "$0\r\n\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n"],
  ...["_\r\n", ",1.5\r\n", "#t\r\n", "(123456789\r\n", "=7\r\ntxt:abc\r\n", "!3\r\nERR\r\n"],
  ...["*2\r\n*1\r\n:1\r\n$1\r\nx\r\n", "%1\r\n+a\r\n~1\r\n:1\r\n", ">3\r\n+message\r\n$1\r\nc\r\n$2\r\n\r\n\r\n"],
  ...["|1\r\n+ttl\r\n:3\r\n*1\r\n$1\r\nv\r\n"],
];

test("cuts a stream into the same frames however it is chunked", () => {
  const stream = Buffer.from(FRAMES.join(""), "latin1");
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length })), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const splitter = new FrameSplitter();
      const frames = places.flatMap((to, index) => splitter.push(stream.subarray(places[index - 1] ?? 0, to)));
      expect(frames.map((frame) => frame.toString("latin1"))).toEqual(FRAMES);
      expect(splitter.flush()).toHaveLength(0);
    }),
    { numRuns: 200 },
  );
});

test("lets pass what is not RESP, from there on", () => {
  const splitter = new FrameSplitter();
  expect(splitter.push(Buffer.from("+OK\r\nGET / HTTP")).map(String)).toEqual(["+OK\r\n", "GET / HTTP"]);
  expect(splitter.push(Buffer.from("/1.1\r\n")).map(String)).toEqual(["/1.1\r\n"]);
});

test("reads the commands it writes", () => {
  const frame = encodeCommand(["SET", "key\r\n", 12, Buffer.from([0xff])]);
  expect(commandOf(frame)).toEqual(["SET", "key\r\n", "12", "\xff"]);
  expect(new FrameSplitter().push(frame)).toEqual([frame]);
});

test("decodes replies", () => {
  expect(decode(Buffer.from("*4\r\n$2\r\n\u00e9\r\n:7\r\n*1\r\n$-1\r\n+OK\r\n"))).toEqual(["é", 7, [null], "OK"]);
  const error = decode(Buffer.from("-OOM command not allowed\r\n"));
  expect(error).toBeInstanceOf(RespError);
  expect(error).toMatchObject({ code: "OOM", message: "OOM command not allowed" });
});

test("finds payloads inside replies", () => {
  const frame = Buffer.from("*3\r\n$2\r\nab\r\n$0\r\n\r\n$1\r\nc\r\n");
  expect(payloadSpans(frame).map(({ from, to }) => frame.toString("latin1", from, to))).toEqual(["ab", "c"]);
});
