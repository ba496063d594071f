/** `ictal stream` as it is called: files, pipes, sockets, and what is refused. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { projectPath } from "../../src/base/project.js";
import { encodeFrameHeader, encodeFrames } from "../../src/cli/stream-frames.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { madeCheckpoint, madeSignal } from "./made-stream.js";

const PROGRAM = projectPath("dist/src/cli/main.js");
const CHANNELS = ELECTRODES_19.map((name) => `EEG ${name}-REF`);
const HEADER = { format: "ictal-stream", version: 1, channels: CHANNELS, sampleRateHz: 256, unit: "uV" } as const;
const SECONDS = 6;
let dir = "";
let flags: string[] = [];
let frames: Uint8Array;
let edf = "";

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "ictal-stream-"));
  const { file, checkpoint } = await madeCheckpoint(dir);
  flags = ["--checkpoint", checkpoint, "--config", file];
  const samples = madeSignal(SECONDS, 256);
  frames = Buffer.concat([encodeFrameHeader(HEADER), encodeFrames(samples)]);
  edf = join(dir, "made.edf");
  const ranges = { samplesPerRecord: 256, physicalMin: -400, physicalMax: 400 };
  const signals = CHANNELS.map((label, channel) => ({ label, ...ranges, samples: samples[channel]! }));
  await writeFile(edf, encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals }));
});
after(() => rm(dir, { recursive: true, force: true }));

function start(...words: string[]) {
  const child = spawn(process.execPath, [PROGRAM, "stream", ...words], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined); // it may refuse before it has read
  const done = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
    ([stdout, stderr, [code]]) => ({
      lines: stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
      stderr,
      code: code as number | null,
    }),
  );
  return { child, done };
}

async function serve(bytes: Uint8Array, end: "end" | "reset"): Promise<{ server: Server; url: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write(bytes, () => (end === "end" ? socket.end() : setTimeout(() => socket.resetAndDestroy(), 300)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return { server, url: `tcp://127.0.0.1:${address.port}` };
}

test("a pipe and a socket give the same lines, with begin, budget, alarms, and finish", async () => {
  const piped = start("-", ...flags, "--probability");
  piped.child.stdin.end(frames);
  const { server, url } = await serve(frames, "end");
  const [one, other] = await Promise.all([piped.done, start(url, ...flags, "--probability").done]);
  server.close();
  assert.deepEqual([one.code, other.code], [0, 0], one.stderr + other.stderr);
  const begin = one.lines[0]!;
  const finish = one.lines.at(-1)!;
  assert.equal(begin.type, "begin");
  assert.equal((begin.lookAhead as { isCausal: boolean }).isCausal, true);
  assert.match(one.stderr, /look-ahead: causal; an alarm waits/);
  assert.deepEqual([finish.type, finish.end, finish.recordedSeconds], ["finish", "complete", SECONDS]);
  const alarms = (lines: typeof one.lines) => lines.slice(1, -1).map(({ latencyMilliseconds: _, ...line }) => line);
  assert.deepEqual(alarms(other.lines), alarms(one.lines));
  assert.equal(one.lines.filter(({ type }) => type === "probability").length, SECONDS);
  assert.ok(one.lines.some(({ type }) => type === "end"));
});

test("a file is played at its speed and ends cleanly with Ctrl-C; --serve sends it to a pipe", async () => {
  const played = start(edf, ...flags);
  await once(played.child.stdout, "data");
  played.child.kill("SIGINT");
  const { code, lines } = await played.done;
  assert.equal(code, 0);
  const { end, durationSeconds } = lines.at(-1)!;
  assert.equal(end, "interrupted");
  assert.ok((durationSeconds as number) < SECONDS);
  const sender = spawn(process.execPath, [PROGRAM, "stream", edf, "--serve", "-", "--speed", "max"]);
  const sent = await buffer(sender.stdout);
  const line = sent.indexOf("\n") + 1;
  assert.deepEqual(JSON.parse(sent.subarray(0, line).toString()).channels.length, 19);
  assert.equal(sent.length - line, 4 * 19 * SECONDS * 256);
});

test("a stream that breaks off closes what is open, says so, and fails", async () => {
  const { server, url } = await serve(frames.subarray(0, frames.length / 2), "reset");
  const { code, lines, stderr } = await start(url, ...flags).done;
  server.close();
  assert.equal(code, 1);
  assert.equal(lines.at(-1)?.end, "broken off");
  assert.match(stderr, /the stream tcp:.* broke off after \d\.\d\d s \(ECONNRESET\)/);
});

test("what cannot be a stream for this checkpoint is refused in one sentence", async () => {
  const usual = await madeCheckpoint(dir, { isCausal: false });
  const late = ["--checkpoint", usual.checkpoint, "--config", usual.file];
  const wrong = Buffer.from(`${JSON.stringify({ ...HEADER, channels: ["ECG", "EMG"] })}\n`);
  const cases: [readonly string[], Uint8Array, number, RegExp][] = [
    [
      ["-", ...late],
      frames,
      1,
      /looks ahead: normalisation takes mean .*window .*8\.00 s; train with experiment\.causal true/,
    ],
    [["-", ...flags], wrong, 1, /cannot be used \(missing-electrodes\): none of the 19 electrodes among its 2 signals/],
    [["-", ...flags, "--speed", "2"], frames, 2, /--speed is for a file/],
    [["-"], frames, 2, /give --checkpoint PATH/],
    [
      ["tcp://127.0.0.1:1", ...flags],
      frames,
      1,
      /no stream at tcp:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\); start its sender first/,
    ],
  ];
  await Promise.all(
    cases.map(async ([words, input, expected, message]) => {
      const { child, done } = start(...words);
      child.stdin.end(input);
      const { code, stderr } = await done;
      assert.equal(code, expected, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    }),
  );
  const allowed = start("-", ...late, "--allow-look-ahead");
  allowed.child.stdin.end(frames);
  const { code, stderr, lines } = await allowed.done;
  assert.equal(code, 0);
  assert.match(stderr, /alarms come 8\.\d s late .*normalised by the past 300 s/);
  assert.equal(lines.at(-1)?.recordedSeconds, SECONDS);
});
