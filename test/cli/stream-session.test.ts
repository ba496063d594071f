/** What `ictal stream` promises: nothing before its budget changes, and cuts change nothing. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { detectRecording } from "../../src/cli/detect-recording.js";
import { lookAheadOf } from "../../src/config/look-ahead.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { openExecutor } from "../../src/tensor/open.js";
import type { Executor } from "../../src/tensor/program.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { inBlocks, linesOf, madeCheckpoint, madeSignal, RATE } from "./made-stream.js";

let executor: Executor;
before(async () => {
  executor = await openExecutor("onnx-cpu");
});
after(() => executor.dispose());

test("a stream gives the same lines, bit for bit, however it is cut into blocks", async (context) => {
  const made = await madeCheckpoint(await temporaryFolder(context));
  const samples = madeSignal(13.3);
  const whole = await linesOf(made, executor, inBlocks(samples, [samples[0]!.length]));
  assert.ok(whole.filter(({ type }) => type === "end").length > 1, "there are events");
  assert.equal(whole.filter(({ type }) => type === "probability").length, 13);
  for (const lengths of [[RATE], [1, 2000, 13], [199]])
    assert.deepEqual(await linesOf(made, executor, inBlocks(samples, lengths)), whole, `blocks of ${lengths}`);
});

test("five seconds of movement at the end change nothing that was said before them, the budget aside", async (context) => {
  const made = await madeCheckpoint(await temporaryFolder(context));
  const { config, detector } = made;
  const clean = madeSignal(30);
  const from = 25 * RATE;
  const moved = clean.map((row, channel) =>
    row.map((value, i) =>
      i < from
        ? value
        : value + 2500 * (0.6 + 0.02 * channel) * Math.sin((2 * Math.PI * 1.3 * (i - from)) / RATE + channel),
    ),
  );
  const { probabilitySeconds, alarmSeconds, eventSeconds } = lookAheadOf(config, detector, { recordedRateHz: RATE });
  assert.ok(probabilitySeconds < 1.3 && eventSeconds < 5);
  const [before = [], other = []] = [
    await linesOf(made, executor, inBlocks(clean, [RATE])),
    await linesOf(made, executor, inBlocks(moved, [RATE])),
  ];
  const until = (lines: typeof before, type: string, budget: number) =>
    lines.filter(
      (line) => line.type === type && ("endSeconds" in line ? line.endSeconds : line.startSeconds) <= 25 - budget,
    );
  assert.notDeepEqual(other, before);
  for (const [type, budget] of [
    ["probability", probabilitySeconds - 1 / 16],
    ["start", alarmSeconds],
    ["end", eventSeconds],
  ] as const) {
    assert.deepEqual(until(other, type, budget), until(before, type, budget), type);
    assert.ok(until(before, type, budget).length > 0, type);
  }
  const changed = before.findIndex((line, i) => JSON.stringify(line) !== JSON.stringify(other[i]));
  const first = before[changed];
  assert.ok(first?.type === "probability" && first.endSeconds >= 24.9, JSON.stringify(first)); // no second before the movement
});

test("a stream finds the events of detect, at its own rate and at another", async (context) => {
  const dir = await temporaryFolder(context);
  const made = await madeCheckpoint(dir);
  for (const rate of [256, 200]) {
    const samples = madeSignal(12, rate);
    const input = join(dir, `${rate}.edf`);
    const signals = ELECTRODES_19.map((label, channel) => ({
      ...{ label: `EEG ${label}-REF`, samplesPerRecord: rate, physicalMin: -400, physicalMax: 400 },
      samples: samples[channel]!,
    }));
    await writeFile(input, encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals }));
    const { openEdfInput } = await import("../../src/cli/stream-input.js");
    const { chainFromConfig } = await import("../../src/config/layer-options.js");
    const played = await openEdfInput(input, chainFromConfig(made.config), { speed: "max" });
    const blocks = [];
    for await (const block of played.blocks()) blocks.push(block);
    await played.close();
    const lines = await linesOf(made, executor, blocks, rate);
    const streamed = lines.flatMap((line) => (line.type === "end" ? [[line.startSeconds, line.endSeconds]] : []));
    const { events } = await detectRecording({ input, checkpoint: made.checkpoint, config: made.config });
    assert.deepEqual(
      streamed,
      events.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    );
    assert.ok(events.length > 0);
  }
});

test("a gap ends what is open, is told, and what follows begins anew at its own time", async (context) => {
  const made = await madeCheckpoint(await temporaryFolder(context));
  const samples = madeSignal(12);
  const alone = await linesOf(made, executor, inBlocks(samples, [500]));
  const twice = [...inBlocks(samples, [500])];
  const later = twice.map((block) => ({ ...block, startSeconds: block.startSeconds + 20 }));
  const lines = await linesOf(made, executor, [...twice, ...later]);
  const moved = alone.map((line) => ({
    ...line,
    ...("startSeconds" in line && { startSeconds: line.startSeconds + 20 }),
    ...("endSeconds" in line && { endSeconds: line.endSeconds + 20 }),
    ...("atSeconds" in line && { atSeconds: line.atSeconds + 20 }),
  }));
  assert.deepEqual(lines, [...alone, { type: "gap", startSeconds: 12, endSeconds: 20 }, ...moved]);
});
