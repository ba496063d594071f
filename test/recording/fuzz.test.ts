import assert from "node:assert/strict";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { patience } from "@ictal/jupyter/test/patience";
import { createRandom, type Random } from "../../src/base/random.js";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import type { AnnotationFormat } from "../../src/recording/annotation-rows.js";
import { writeCsvBi, writeHedScoreTsv, writeTse } from "../../src/recording/annotation-write.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { readEdfInfo } from "../../src/recording/edf-info.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { seizureEvents } from "../../src/recording/seizures.js";

/** Inputs per test, 10,800 in all; raise it with ICTAL_FUZZ_COUNT for a long run. */
const COUNT = Number(process.env.ICTAL_FUZZ_COUNT ?? 1200);

/** Draws that differ from call to call and repeat from run to run. */
function drawer(random: Random): (bound: number) => number {
  let counter = 0;
  return (bound) => random.integer(counter++, bound);
}

const PIECES = [
  "",
  " ",
  "0",
  "-1",
  "9999",
  "1e9",
  "NaN",
  "EDF+C",
  "BDF+D",
  "EDF Annotations ",
  "+",
  "\x14",
  "\x15",
  "\0",
  "\xff",
  ",",
  "#",
  "\n",
  "\t",
  "seiz",
  "99999999",
  "-0,5",
];

/** `bytes` with up to eight overwritten, cut, doubled or inserted stretches. */
function mutate(bytes: Uint8Array, draw: (bound: number) => number): Uint8Array {
  let out = Buffer.from(bytes);
  for (let change = draw(8) + 1; change > 0; change--) {
    const at = draw(draw(2) === 0 ? Math.min(out.length + 1, 1200) : out.length + 1);
    const piece = Buffer.from(PIECES[draw(PIECES.length)]!, "latin1");
    const kind = draw(5);
    if (kind === 0 && at < out.length) out[at] = draw(256);
    else if (kind === 1) piece.copy(out, at);
    else if (kind === 2) out = out.subarray(0, draw(8) === 0 ? at : out.length);
    else if (kind === 3) out = Buffer.concat([out.subarray(0, at), piece, out.subarray(at)]);
    else out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - draw(40)))]);
  }
  return Uint8Array.from(out);
}

function recording(kind: EdfKind): Uint8Array {
  const range = { physicalMin: -500, physicalMax: 500 };
  return encodeEdf({
    kind,
    recordDurationSeconds: 1,
    signals: [
      { label: "EEG FP1-REF", samplesPerRecord: 8, samples: Int16Array.from({ length: 32 }, (_, i) => i), ...range },
      { label: "IBI", samplesPerRecord: 1, samples: new Int16Array(4), ...range },
    ],
    annotations: kind.includes("+") ? [{ onsetSeconds: 1.5, durationSeconds: 1, text: "x" }] : [],
  });
}

/** Run `work`; anything thrown must be one of the `tags`. */
async function survives(
  tags: ("FormatError" | "UnsupportedError")[],
  input: () => string,
  work: () => unknown,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    assert.ok(isIctalError(error, ...tags), `${input()}: ${error instanceof Error ? error.stack : error}`);
    return false;
  }
}

for (const kind of ["EDF", "EDF+C", "EDF+D", "BDF+C"] as const) {
  test(`mutated ${kind} files are read or refused with FormatError, whatever the bytes`, async () => {
    const draw = drawer(createRandom(11, `fuzz ${kind}`));
    let read = 0;
    for (let i = 0; i < COUNT; i++) {
      const bytes = mutate(recording(kind), draw);
      const source = bytesSource("fuzz.edf", bytes);
      const input = () => Buffer.from(bytes).toString("base64");
      const isRead = await survives(["FormatError"], input, async () => {
        const info = await readEdfInfo(source, { digitalSums: true });
        JSON.stringify(info);
        assert.ok(info.recordsFound >= 0 && info.signals.length > 0);
      });
      if (!isRead) continue;
      read += 1;
      const header = await readEdfHeader(source);
      const signals = header.signals.filter(({ samplesPerRecord }) => samplesPerRecord < 1e6).map(({ index }) => index);
      await survives(["FormatError", "UnsupportedError"], input, async () => {
        for await (const { recordCount, samples } of readEdfBlocks(source, header, { signals })) {
          for (const [k, index] of signals.entries()) {
            assert.equal(samples[k]!.length, recordCount * header.signals[index]!.samplesPerRecord);
          }
        }
      });
    }
    assert.ok(read > COUNT / 20, `only ${read} of ${COUNT} inputs were readable: the mutations are too rough`);
  });
}

const events = Array.from({ length: 6 }, (_, i) => ({
  startSeconds: 20 * i + 0.5,
  endSeconds: 20 * i + 9.25,
  label: i % 2 ? "bckg" : "seiz",
  confidence: 1,
}));
const TEXTS: Record<AnnotationFormat, string> = {
  csv: writeCsvBi({ events, durationSeconds: 200 }),
  csv_bi: writeCsvBi({ events, durationSeconds: 200 }),
  tse: writeTse({ events }),
  tse_bi: writeTse({ events }),
  tsv: writeHedScoreTsv({ events, durationSeconds: 200 }),
};

for (const [format, text] of Object.entries(TEXTS) as [AnnotationFormat, string][]) {
  test(`mutated ${format} texts are read or refused with FormatError, and what is read is valid`, async () => {
    const draw = drawer(createRandom(12, `fuzz ${format}`));
    let read = 0;
    for (let i = 0; i < COUNT; i++) {
      const mutated = Buffer.from(mutate(Buffer.from(text), draw)).toString(draw(2) ? "utf8" : "latin1");
      const isRead = await survives(
        ["FormatError"],
        () => JSON.stringify(mutated),
        () => {
          const file = readAnnotations(mutated, { file: "fuzz", format });
          for (const { startSeconds, endSeconds } of file.events)
            assert.ok(startSeconds >= 0 && endSeconds > startSeconds && endSeconds < Infinity);
          const seizures = seizureEvents(file);
          for (const [k, seizure] of seizures.entries())
            assert.ok(k === 0 || seizure.startSeconds > seizures[k - 1]!.endSeconds);
          for (const { code, message, action } of file.findings) assert.ok(code && message && action);
        },
      );
      if (isRead) read += 1;
    }
    assert.ok(read > COUNT / 20, `only ${read} of ${COUNT} inputs were readable: the mutations are too rough`);
  });
}

test("reading mutated inputs has never taken more than 500 MB", () => {
  assert.ok(process.resourceUsage().maxRSS < 500_000, `${process.resourceUsage().maxRSS} kB at the peak`);
});

test("readAnnotations takes linear time on a megabyte of rows and of noise", () => {
  const head = "# duration = 1e6\n# duration: 100000 secs\nchannel,start_time,stop_time,label,confidence\n";
  const rows = Array.from({ length: 20_000 }, (_, i) => `TERM,${i},${i + 0.5},seiz,1.0000`).join("\n");
  const started = performance.now();
  const file = readAnnotations(`${head}${rows}`, { file: "long.csv_bi" });
  assert.equal(file.events.length, 20_000);
  assert.equal(seizureEvents(file).length, 20_000);
  assert.throws(() => readAnnotations("#".repeat(1 << 20), { file: "noise.csv" }), { tag: "FormatError" });
  assert.throws(() => readAnnotations(`${head.slice(0, 17)}${",".repeat(1 << 20)}`, { file: "noise.csv" }), {
    tag: "FormatError",
  });
  assert.ok(performance.now() - started < patience(10_000));
});
