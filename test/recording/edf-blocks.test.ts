import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { type ByteSource, bytesSource, fileSource } from "../../src/recording/byte-source.js";
import { type BlockOptions, readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { scalingOf } from "../../src/recording/edf-scaling.js";
import { type EdfSpec, encodeEdf } from "../../src/recording/edf-writer.js";
import { lacksSharedData, sharedJson, sharedPath } from "./shared-data.js";

async function readAll(source: ByteSource, options: BlockOptions) {
  const blocks = [];
  for await (const block of readEdfBlocks(source, await readEdfHeader(source), options)) blocks.push(block);
  return blocks;
}

/** A spec with random digital values, so that a round trip is exact. */
function digitalSpec(kind: "EDF" | "BDF" | "EDF+D", records: number, rates: number[], unit = "uV"): EdfSpec {
  const random = createRandom(3, "blocks");
  const bound = kind === "BDF" ? 1 << 24 : 1 << 16;
  return {
    kind,
    recordDurationSeconds: 1,
    signals: rates.map((samplesPerRecord, s) => ({
      label: `S${s}`,
      unit,
      physicalMin: -500,
      physicalMax: 500,
      samplesPerRecord,
      samples: Int32Array.from(
        { length: records * samplesPerRecord },
        (_, i) => random.integer(s * 1e6 + i, bound) - bound / 2,
      ),
    })),
  };
}

interface Golden {
  signals: { index: number; digital: number[]; physicalBits: string[] }[];
}

for (const name of [
  "edf-symmetric.edf",
  "edf-asymmetric.edf",
  "edf-narrow-digital.edf",
  "edf-negative-gain.edf",
  "bdf-24bit.bdf",
]) {
  test(`samples of ${name} are pyedflib's to the last bit`, { skip: lacksSharedData }, async () => {
    const golden = sharedJson(`redistributable/edfcore/${name.replace(/\.[be]df$/, ".json")}`) as Golden;
    const source = await fileSource(sharedPath(`redistributable/edfcore/${name}`));
    const header = await readEdfHeader(source);
    const [block] = await readAll(source, { signals: golden.signals.map(({ index }) => index) });
    await source.close?.();
    for (const [k, { index, digital, physicalBits }] of golden.signals.entries()) {
      const { gain, offset } = scalingOf(header.signals[index]!);
      const exact = physicalBits.map((bits) => Buffer.from(bits, "hex").readDoubleBE());
      assert.deepEqual(
        digital.map((value) => gain * (offset + value)),
        exact,
      );
      const factor = header.signals[index]!.unit === "mV" ? 1000 : 1;
      assert.deepEqual(
        block!.samples[k],
        Float32Array.from(exact, (value) => value * factor),
      );
    }
  });
}

test("readEdfBlocks gives each signal at its own rate, whatever the block length, in the requested order", async () => {
  for (const kind of ["EDF", "BDF"] as const) {
    const spec = digitalSpec(kind, 7, [3, 1, 5]);
    const source = bytesSource("x", encodeEdf(spec));
    const header = await readEdfHeader(source);
    for (const blockSeconds of [0.1, 1, 2, 3.9, 100]) {
      const blocks = await readAll(source, { signals: [2, 0], blockSeconds });
      assert.equal(
        blocks.reduce((sum, { recordCount }) => sum + recordCount, 0),
        7,
      );
      for (const [k, s] of [2, 0].entries()) {
        const joined = blocks.flatMap((block) => [...block.samples[k]!]);
        const { gain, offset } = scalingOf(header.signals[s]!);
        assert.deepEqual(
          joined,
          Array.from(spec.signals[s]!.samples, (value) => Math.fround(gain * (offset + value))),
        );
      }
    }
  }
});

test("readEdfBlocks with reuse gives the same samples in the same memory, the shorter last block too", async () => {
  const source = bytesSource("made.edf", encodeEdf(digitalSpec("EDF", 7, [16, 4])));
  const header = await readEdfHeader(source);
  const options = { signals: [1, 0], blockSeconds: 3 };
  const fresh = await readAll(source, options);
  const memory = new Set<ArrayBufferLike>();
  let block = 0;
  for await (const { samples } of readEdfBlocks(source, header, { ...options, reuse: true })) {
    assert.deepEqual(samples, fresh[block]!.samples);
    memory.add(samples[0]!.buffer);
    block += 1;
  }
  assert.deepEqual([block, memory.size], [3, 1]);
});

test("readEdfBlocks reads a range of records and refuses one outside the file", async () => {
  const source = bytesSource("x", encodeEdf(digitalSpec("EDF", 7, [2])));
  const [whole] = await readAll(source, { signals: [0] });
  const [part, ...more] = await readAll(source, { signals: [0], startRecord: 2, endRecord: 5 });
  assert.equal(more.length, 0);
  assert.deepEqual([part!.startRecord, part!.recordCount, part!.startSeconds], [2, 3, 2]);
  assert.deepEqual(part!.samples[0], whole!.samples[0]!.subarray(4, 10));
  assert.deepEqual(await readAll(source, { signals: [0], startRecord: 7 }), []);
  await assert.rejects(readAll(source, { signals: [0], endRecord: 8 }), /invalid records: 0\.\.8; the file has 7/);
  await assert.rejects(readAll(source, { signals: [1] }), /invalid signal: 1; the file has 1/);
  await assert.rejects(readAll(source, { signals: [0], blockSeconds: 0 }), /invalid blockSeconds/);
});

test("readEdfBlocks converts voltages to microvolts and leaves other units alone", async () => {
  const value = async (unit: string) => {
    const base = digitalSpec("EDF", 1, [1], unit);
    const signals = base.signals.map((signal) => ({
      ...signal,
      physicalMin: -32768,
      physicalMax: 32767,
      samples: Int16Array.of(100),
    }));
    const bytes = encodeEdf({ ...base, signals, accept: ["non-ascii"] });
    return (await readAll(bytesSource("x", bytes), { signals: [0] }))[0]!.samples[0]![0];
  };
  assert.equal(await value("uV"), 100);
  assert.equal(await value("\xb5V"), 100);
  assert.equal(await value("mV"), 100_000);
  assert.equal(await value("V"), 100_000_000);
  assert.equal(await value("degC"), 100);
  assert.equal(await value(""), 100);
});

test("a signal with a flat range gives its digital values", { skip: lacksSharedData }, async () => {
  for (const name of ["flat-physical", "flat-digital", "blank-digital"]) {
    const source = await fileSource(sharedPath(`synthetic/faults/${name}.edf`));
    const header = await readEdfHeader(source);
    assert.equal(header.signals[0]!.isScaled, false);
    const [block] = await readAll(source, { signals: [0] });
    await source.close?.();
    assert.ok(block!.samples[0]!.every(Number.isInteger));
    assert.equal(Math.min(...block!.samples[0]!), -1042);
  }
});

const gapStarts = [0.25, 1.25, 2.25, 10.25, 11.25];

test("readEdfBlocks refuses a gap unless gaps is split", async () => {
  const spec = { ...digitalSpec("EDF+D", 5, [4]), recordStartSeconds: (record: number) => gapStarts[record]! };
  const source = bytesSource("gaps.edf", encodeEdf(spec));
  await assert.rejects(readAll(source, { signals: [0] }), {
    tag: "UnsupportedError",
    message: /gaps\.edf: record 3 starts at 10 s, 3 s expected.*gaps: "split"/,
  });
  for (const blockSeconds of [1, 2, 100]) {
    const blocks = await readAll(source, { signals: [0], gaps: "split", blockSeconds });
    assert.ok(blocks.every(({ samples, recordCount }) => samples[0]!.length === 4 * recordCount));
    const starts = blocks.flatMap((b) => Array.from({ length: b.recordCount }, (_, i) => b.startSeconds + i));
    assert.deepEqual(starts, [0, 1, 2, 10, 11]);
  }
  const tail = await readAll(source, { signals: [0], startRecord: 3 });
  assert.deepEqual(
    tail.map(({ startSeconds, recordCount }) => [startSeconds, recordCount]),
    [[10, 2]],
  );
});

test("readEdfBlocks stops at an abort, and reports a file that became shorter", async () => {
  const bytes = encodeEdf(digitalSpec("EDF", 6, [2]));
  const source = bytesSource("x.edf", bytes);
  const controller = new AbortController();
  await assert.rejects(
    async () => {
      for await (const _ of readEdfBlocks(source, await readEdfHeader(source), {
        signals: [0],
        blockSeconds: 1,
        signal: controller.signal,
      })) {
        controller.abort();
      }
    },
    { name: "AbortError" },
  );
  const shrunk: ByteSource = {
    ...source,
    read: async (start, end) => bytes.subarray(start, Math.min(end, bytes.length - 3)),
  };
  const header = await readEdfHeader(source);
  await assert.rejects(
    async () => {
      for await (const _ of readEdfBlocks(shrunk, header, { signals: [0] })) assert.fail("a block of a cut file");
    },
    { tag: "FormatError", message: /became shorter/ },
  );
});

test("readEdfBlocks reads cached blocks synchronously, prefetches after a slow block, and yields to the event loop", async () => {
  const bytes = encodeEdf(digitalSpec("EDF", 400, [7, 3]));
  const plain = bytesSource("x.edf", bytes);
  const header = await readEdfHeader(plain);
  const waitAbout = (milliseconds: number) => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  };
  const run = async (isFirstSlow: boolean) => {
    const calls: string[] = [];
    const fill = (out: Uint8Array, start: number) => {
      out.set(bytes.subarray(start, start + out.length));
      return out.length;
    };
    const source: ByteSource = {
      ...plain,
      readInto: async (out, start) => {
        calls.push("waited");
        return fill(out, start);
      },
      readIntoSync: (out, start) => {
        if (isFirstSlow && !calls.includes("here")) waitAbout(5);
        calls.push("here");
        return fill(out, start);
      },
    };
    let timersFired = 0;
    const timer = setInterval(() => {
      timersFired += 1;
    }, 1);
    const found: number[] = [];
    const options = { signals: [1, 0], blockSeconds: 4, reuse: true };
    for await (const { samples } of readEdfBlocks(source, header, options)) {
      waitAbout(0.5);
      found.push(...samples[0]!, ...samples[1]!);
    }
    clearInterval(timer);
    return { calls, timersFired, found };
  };
  const expected = (await readAll(plain, { signals: [1, 0], blockSeconds: 4 })).flatMap(({ samples }) => [
    ...samples[0]!,
    ...samples[1]!,
  ]);
  const quick = await run(false);
  assert.deepEqual(quick.found, expected);
  assert.equal(quick.calls.length, 100);
  assert.equal(quick.calls[0], "waited", "the first block measures how fast the source is");
  assert.ok(quick.calls.includes("here"), quick.calls.join(" "));
  assert.ok(quick.timersFired >= 1, `${quick.timersFired} turns in 50 ms`);
  const slow = await run(true);
  assert.deepEqual(slow.found, expected);
  const first = slow.calls.indexOf("here");
  assert.deepEqual(new Set(slow.calls.slice(first + 1, first + 17)), new Set(["waited"]));
});

/** Bytes of an endless file: header from `bytes`, zeros behind, nothing stored. */
function hollowSource(bytes: Uint8Array, byteLength: number): ByteSource & { requests: number; largest: number } {
  const source = {
    name: "hollow.edf",
    byteLength,
    requests: 0,
    largest: 0,
    read: async (start: number, end: number) => {
      source.requests += 1;
      source.largest = Math.max(source.largest, end - start);
      return start < bytes.length ? bytes.slice(start, end) : new Uint8Array(end - start);
    },
  };
  return source;
}

/** Header alone of a file of `count` signals. */
const headerOf = (count: number) =>
  encodeEdf({ ...digitalSpec("EDF", 0, new Array(count).fill(256)), accept: ["no-records"] });

test("a header costs one request, also of a 24 h file with 60 signals; 100 signals cost two", async () => {
  for (const [count, requests] of [
    [60, 1],
    [100, 2],
  ] as const) {
    const source = hollowSource(headerOf(count), 4e9);
    assert.equal((await readEdfHeader(source)).signals.length, count);
    assert.equal(source.requests, requests);
  }
});

test("a 24 h file of 64 channels at 256 Hz streams in less than 150 MB, seen over its last four hours", async () => {
  const header = headerOf(64);
  const records = 24 * 3600;
  const source = hollowSource(header, header.length + records * 64 * 256 * 2);
  const parsed = await readEdfHeader(source);
  const startRecord = 20 * 3600;
  const signals = Array.from({ length: 64 }, (_, i) => i);
  const before = process.memoryUsage().rss;
  let peak = before;
  let seen = 0;
  for await (const { recordCount } of readEdfBlocks(source, parsed, { signals, startRecord })) {
    seen += recordCount;
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  assert.equal(seen, records - startRecord);
  assert.ok(source.largest <= 2 * 1024 * 1024, `largest request ${source.largest}`);
  assert.ok(peak - before < 150e6, `${Math.round((peak - before) / 1e6)} MB over the start`);
});
