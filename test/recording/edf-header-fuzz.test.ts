import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { createRandom } from "../../src/base/random.js";
import { type ByteSource, bytesSource } from "../../src/recording/byte-source.js";
import { readEdfAnnotations } from "../../src/recording/edf-annotations.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { deidentifyEdf } from "../../src/recording/edf-deidentify.js";
import { MAIN_FIELDS, SIGNAL_FIELDS, signalFieldOffset } from "../../src/recording/edf-fields.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { readEdfInfo } from "../../src/recording/edf-info.js";
import { readEdfPage } from "../../src/recording/edf-page.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";

/** Headers; raise it with ICTAL_FUZZ_COUNT for a long run. */
const COUNT = Number(process.env.ICTAL_FUZZ_COUNT ?? 500);

const VALUES = [
  ...["", "0", "-1", "1e9", "1e99", "1e300", "1e999", "9999", "99999999", "-9999999", "0.5", "1,5", "NaN", "Infinity"],
  ...[
    "EDF+C",
    "EDF+D",
    "BDF+C",
    "EDF Annotations",
    "\0\0\0\0",
    "\x14\x15",
    "\xff\xfe",
    "\x1b[2J",
    "constructor",
    "__proto__",
  ],
];

const ranges = { physicalMin: -500, physicalMax: 500 };
const whole = encodeEdf({
  kind: "EDF+D",
  recordDurationSeconds: 1,
  signals: [
    { label: "EEG FP1-REF", samplesPerRecord: 8, samples: Int16Array.from({ length: 32 }, (_, i) => i), ...ranges },
    { label: "IBI", samplesPerRecord: 1, samples: new Int16Array(4), ...ranges },
  ],
  annotations: [{ onsetSeconds: 1.5, durationSeconds: 1, text: "x" }],
});
const FIELDS = [
  ...Object.values(MAIN_FIELDS),
  ...[0, 1, 2].flatMap((signal) =>
    Object.values(SIGNAL_FIELDS).map((field) => ({ ...field, offset: signalFieldOffset(field, signal, 3) })),
  ),
];

async function readAll(source: ByteSource): Promise<void> {
  const header = await readEdfHeader(source);
  await readEdfInfo(source, { digitalSums: true });
  await readEdfAnnotations(source, header);
  const signals = header.signals.map(({ index }) => index);
  for await (const { samples } of readEdfBlocks(source, header, { signals, gaps: "split" }))
    assert.equal(samples.length, signals.length);
  if (header.durationSeconds > 0 && header.signals.some(({ electrode }) => electrode === "FP1"))
    await readEdfPage(source, header, { startSeconds: 0, durationSeconds: 1, electrodes: ["FP1"] });
}

/** What is thrown must be ours; a FormatError names file and place. */
async function survives(work: Promise<unknown>, what: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    assert.ok(
      isIctalError(error, "FormatError", "UnsupportedError"),
      `${what}: ${error instanceof Error ? error.stack : error}`,
    );
    if (isIctalError(error, "FormatError")) {
      assert.match(error.place.file, /fuzz\.edf$/, what);
      assert.ok(Number.isInteger(error.place.byteOffset), `${what}: ${error.message}`);
    }
    return false;
  }
}

test("headers with any value in any field are read or refused with FormatError, file and byte", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-fuzz-"));
  t.after(() => rm(folder, { recursive: true }));
  const random = createRandom(21, "header fuzz");
  let counter = 0;
  const draw = (bound: number) => random.integer(counter++, bound);
  let read = 0;
  for (let i = 0; i < COUNT; i++) {
    const bytes = Buffer.from(whole);
    const changes = Array.from({ length: 1 + draw(3) }, () => {
      const field = FIELDS[draw(FIELDS.length)]!;
      const value = VALUES[draw(VALUES.length)]!.slice(0, field.width);
      bytes.write(value.padEnd(field.width), field.offset, "latin1");
      return `${field.name} ${JSON.stringify(value)}`;
    });
    const what = changes.join(", ");
    // a source may promise more bytes than it has: a file that shrinks, a listing that lies
    const promised = draw(4) === 0 ? { byteLength: [1e15, 2 ** 40, bytes.length + 100, 300][draw(4)]! } : {};
    const source = { ...bytesSource("fuzz.edf", bytes), ...promised };
    if (await survives(readAll(source), `${what} ${JSON.stringify(promised)}`)) read += 1;
    if (i % 10 > 0) continue;
    const input = join(folder, "fuzz.edf");
    await writeFile(input, bytes);
    await survives(deidentifyEdf(input, join(folder, "out.edf")), what);
  }
  assert.ok(read > COUNT / 10, `only ${read} were read`);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => !["fuzz.edf", "out.edf"].includes(name)),
    [],
  );
});
