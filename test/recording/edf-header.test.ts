import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesSource } from "../../src/recording/byte-source.js";
import { type EdfHeader, readEdfHeader } from "../../src/recording/edf-header.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { type EdfSpec, encodeEdf } from "../../src/recording/edf-writer.js";

/** Two EEG signals and IBI, four records of one second: a header of 1024 bytes, records of 1002 (and 120 for TALs). */
function spec(kind: EdfKind = "EDF"): EdfSpec {
  const range = { physicalMin: -5000, physicalMax: 5000 };
  return {
    kind,
    startDate: "17.05.11",
    startTime: "13.05.59",
    recordDurationSeconds: 1,
    signals: [
      { label: "EEG FP1-REF", samplesPerRecord: 250, samples: new Int16Array(1000), ...range },
      { label: "EEG F7-REF", samplesPerRecord: 250, samples: new Int16Array(1000), ...range },
      { label: "IBI", unit: "sec", samplesPerRecord: 1, samples: new Int16Array(4), ...range },
    ],
  };
}

const SIGNALS = 3;

/** The bytes of `spec` with `text` written over them at `offset`. */
function patched(offset: number, text: string, kind: EdfKind = "EDF"): Uint8Array {
  const bytes = encodeEdf(spec(kind));
  bytes.set(Buffer.from(text, "latin1"), offset);
  return bytes;
}

const header = (bytes: Uint8Array) => readEdfHeader(bytesSource("x.edf", bytes));
const codes = ({ diagnostics }: EdfHeader) => diagnostics.map(({ code }) => code);

test("readEdfHeader reads a clean file without a diagnostic", async () => {
  const found = await header(encodeEdf(spec()));
  assert.deepEqual(codes(found), []);
  assert.equal(found.startDateTime, "2011-05-17T13:05:59");
  assert.deepEqual(
    [found.headerBytes, found.recordBytes, found.recordsInHeader, found.recordsFound],
    [1024, 1002, 4, 4],
  );
  assert.deepEqual(
    found.signals.map(({ electrode, sampleRateHz, sampleCount }) => [electrode, sampleRateHz, sampleCount]),
    [
      ["FP1", 250, 1000],
      ["F7", 250, 1000],
      [undefined, 1, 4],
    ],
  );
});

test("readEdfHeader throws FormatError with offset and code when bytes cannot be interpreted", async () => {
  const whole = encodeEdf(spec());
  const cases: [Uint8Array, string, number][] = [
    [new Uint8Array(0), "empty-file", 0],
    [Buffer.from("<html>AccessDenied</html>".padEnd(2000)), "not-edf", 0],
    [whole.subarray(0, 200), "too-small", 200],
    [whole.subarray(0, 900), "header-cut", 900],
    [patched(252, "x   "), "bad-signal-count", 252],
    [patched(252, "0   "), "bad-signal-count", 252],
    [patched(252, "-1  "), "bad-signal-count", 252],
    [patched(252, "1.5 "), "bad-signal-count", 252],
    [patched(256 + 216 * SIGNALS, "abc     "), "bad-samples-per-record", 256 + 216 * SIGNALS],
    [patched(256 + 216 * SIGNALS, "-5      "), "bad-samples-per-record", 256 + 216 * SIGNALS],
  ];
  for (const [bytes, code, byteOffset] of cases) {
    await assert.rejects(header(bytes), (error: Error & { tag?: string; place?: unknown }) => {
      assert.equal(error.tag, "FormatError");
      assert.deepEqual(error.place, { file: "x.edf", byteOffset, field: code });
      return true;
    });
  }
});

test("each invalid header field is read with the diagnostic that names it, at its byte", async () => {
  const signal = (field: number, width: number, index: number) => 256 + field * SIGNALS + width * index;
  const cases: [offset: number, text: string, codes: string[]][] = [
    [88, "Startdate 30-FEB-2011 X X X", ["start-date-invalid"]],
    [88, "Startdate 99-FOO-2011 X X X", ["start-date-invalid"]],
    [88, "Startdate X X X X", []],
    [168, "01:01:85", ["start-date-separator"]],
    [168, "00.00.00", ["start-date-invalid"]],
    [168, "42.00.00", ["start-date-invalid"]],
    [168, "30.02.11", ["start-date-invalid"]],
    [168, "        ", ["start-date-invalid"]],
    [176, "26.00.99", ["start-time-invalid"]],
    [176, "12:30:05", ["start-time-invalid"]],
    [184, "4096    ", ["header-size-mismatch"]],
    [184, "        ", ["header-size-mismatch"]],
    [192, "reserved", ["reserved-unknown"]],
    [192, "24BIT", []],
    [192, "EDF+C", ["plus-without-annotations"]],
    [192, "BDF+C", ["container-mismatch", "plus-without-annotations"]],
    [236, "-1      ", ["record-count-unknown"]],
    [236, "        ", ["record-count-invalid"]],
    [236, "many    ", ["record-count-invalid"]],
    [236, "9       ", ["truncated"]],
    [236, "2       ", ["record-count-surplus"]],
    [244, "0       ", ["zero-duration"]],
    [244, "-1      ", ["record-duration-invalid"]],
    [244, "        ", ["record-duration-invalid"]],
    [244, "1e-300  ", ["record-duration-invalid"]],
    [244, "0,5     ", ["comma-decimal"]],
    [signal(0, 16, 1), "EEG FP1-REF     ", ["duplicate-label"]],
    [signal(0, 16, 1), "EEG Fp1-LE      ", ["duplicate-electrode"]],
    [signal(0, 16, 2), "                ", ["blank-label"]],
    [signal(96, 8, 0), "degC    ", ["unit-unknown"]],
    [signal(96, 8, 0), "\xb5V      ", ["non-ascii"]],
    [signal(104, 8, 0), "-5000,0 ", ["comma-decimal"]],
    [signal(104, 8, 0), "        ", ["range-unreadable"]],
    [signal(104, 8, 0), "-1e400  ", ["range-unreadable"]],
    [signal(104, 8, 0), "5000    ", ["flat-physical-range"]],
    [signal(104, 8, 0), "9000    ", ["negative-gain"]],
    [signal(120, 8, 0), "32767   ", ["flat-digital-range"]],
    [signal(120, 8, 0), "-99999  ", ["digital-range-too-wide"]],
    [signal(128, 8, 0), "2047.5  ", ["digital-range-fraction"]],
    [signal(128, 8, 0), "-32769  ", ["inverted-digital-range", "digital-range-too-wide"]],
  ];
  for (const [offset, text, expected] of cases) {
    const found = await header(patched(offset, text));
    assert.deepEqual(codes(found), expected, `${JSON.stringify(text)} at ${offset}`);
    for (const { message, byteOffset } of found.diagnostics) {
      assert.notEqual(message, "");
      assert.ok(byteOffset! >= 0 && byteOffset! <= 1024);
    }
  }
});

test("records are counted from the file size: a partial record and trailing bytes are ignored", async () => {
  const whole = encodeEdf(spec());
  const partial = await header(whole.subarray(0, whole.length - 100));
  assert.deepEqual(
    [partial.recordsFound, partial.durationSeconds, codes(partial)],
    [3, 3, ["truncated", "partial-last-record"]],
  );
  const trailing = await header(Buffer.concat([whole, Buffer.alloc(7)]));
  assert.deepEqual([trailing.recordsFound, codes(trailing)], [4, ["trailing-bytes"]]);
  assert.equal(trailing.diagnostics[0]!.byteOffset, whole.length);
  const none = await header(whole.subarray(0, 1024));
  assert.deepEqual([none.recordsFound, codes(none)], [0, ["truncated", "no-records"]]);
});

test("fields padded with NUL are read like blanks", async () => {
  const bytes = encodeEdf(spec());
  for (let i = 0; i < 1024; i++) if (bytes[i] === 0x20 && (bytes[i + 1] === 0x20 || i % 8 === 7)) bytes[i] = 0;
  const found = await header(bytes);
  assert.deepEqual(codes(found), ["header-nul-padding"]);
  assert.equal(found.signals[0]!.label, "EEG FP1-REF");
});

test("the Startdate of EDF+ wins over the two-digit date", async () => {
  const found = await header(encodeEdf({ ...spec("EDF+C"), startDate: new Date(Date.UTC(2091, 0, 2, 13, 5, 59)) }));
  assert.deepEqual([found.startDateTime, codes(found)], ["2091-01-02T13:05:59", []]);
  const other = { recording: "Startdate 18-MAY-2011 X X X", accept: ["start-date-conflict"] } as const;
  const conflict = await header(encodeEdf({ ...spec("EDF+C"), ...other }));
  assert.deepEqual([conflict.startDateTime, codes(conflict)], ["2011-05-18T13:05:59", ["start-date-conflict"]]);
});

test("the date 01.01.85 is withheld unless a Startdate gives it", async () => {
  for (const kind of ["EDF", "EDF+C"] as const) {
    const found = await header(encodeEdf({ ...spec(kind), startDate: "01.01.85" }));
    assert.deepEqual([found.startDateTime, codes(found)], [undefined, []]);
  }
  const real = { startDate: "01.01.85", recording: "Startdate 01-JAN-1985 X X X" };
  assert.equal((await header(encodeEdf({ ...spec("EDF+C"), ...real }))).startDateTime, "1985-01-01T13:05:59");
});

test("an annotation signal in a plain file is found, a mixed pair of containers is named", async () => {
  const plain = await header(patched(192, "     ", "EDF+C"));
  assert.deepEqual([plain.kind, codes(plain)], ["EDF", ["annotations-without-plus"]]);
  const mixed = await header(patched(192, "EDF+D", "BDF+C"));
  assert.deepEqual([mixed.kind, codes(mixed)], ["BDF+D", ["container-mismatch"]]);
});

test("an empty signal and electrodes of different rates are named", async () => {
  const found = codes(await header(patched(256 + 216 * SIGNALS, "0       ")));
  for (const code of ["empty-signal", "mixed-electrode-rates"]) assert.ok(found.includes(code as never), code);
});
