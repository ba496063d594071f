import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { type AnnotationFile, readAnnotations } from "../../src/recording/annotation-file.js";
import { writeCsv, writeCsvBi, writeHedScoreTsv, writeTse } from "../../src/recording/annotation-write.js";
import { seizureEvents } from "../../src/recording/seizures.js";
import { lacksSharedData, sharedPath } from "./shared-data.js";

const HEADER =
  "# version = csv_v1.0.0\n# bname = x\n# duration = 300.00 secs\n#\nchannel,start_time,stop_time,label,confidence\n";

function read(rows: string, file = "x.csv_bi"): AnnotationFile {
  return readAnnotations(`${HEADER}${rows}`, { file });
}

const codes = (file: AnnotationFile) => file.findings.map(({ code, severity, line }) => [code, severity, line]);
const seizures = (file: AnnotationFile) =>
  seizureEvents(file).map(({ startSeconds, endSeconds, label }) => [startSeconds, endSeconds, label]);

/** Per sample text: findings (code, severity, line) and seizures. */
const SAMPLES: Record<string, { findings: unknown[]; seizures: unknown[]; duration?: number }> = {
  "tiled.csv_bi": { findings: [], seizures: [[100, 130, "seiz"]] },
  "stub-background.csv_bi": { findings: [], seizures: [], duration: 466 },
  "seizure-only.csv_bi": {
    findings: [],
    seizures: [
      [36.8868, 183.3055, "seiz"],
      [300.5, 310.25, "seiz"],
    ],
    duration: 466,
  },
  "four-decimals-header.csv_bi": { findings: [], seizures: [[1, 2, "seiz"]] },
  "touching.csv_bi": { findings: [], seizures: [[100, 150, "seiz"]] },
  "zero-length.csv_bi": { findings: [["zero-length", "error", 7]], seizures: [] },
  "reversed.csv_bi": { findings: [["reversed", "error", 7]], seizures: [] },
  "overlapping.csv_bi": { findings: [["overlap", "warning", 8]], seizures: [[100, 150, "seiz"]] },
  "unsorted.csv_bi": {
    findings: [["unsorted", "warning", 8]],
    seizures: [
      [100, 130, "seiz"],
      [200, 210, "seiz"],
    ],
  },
  "past-the-end.csv_bi": { findings: [["past-the-end", "info", 7]], seizures: [[280, 300, "seiz"]] },
  "far-past-the-end.csv_bi": { findings: [["past-the-end", "warning", 7]], seizures: [[280, 300, "seiz"]] },
  "crlf.csv_bi": { findings: [["carriage-returns", "info", undefined]], seizures: [[100, 130, "seiz"]] },
  "spaces.csv_bi": { findings: [["blanks-around-fields", "info", undefined]], seizures: [[100, 130, "seiz"]] },
  "no-final-newline.csv_bi": { findings: [["no-final-newline", "info", undefined]], seizures: [[100, 130, "seiz"]] },
  "per-channel.csv": { findings: [], seizures: [[36.8868, 190.5, "cpsz"]] },
  "nesz.csv": { findings: [], seizures: [] },
  "mixed-types.csv": {
    findings: [],
    seizures: [
      [10, 60, "fnsz"],
      [100, 101, "mysz"],
    ],
  },
  "szcore.tsv": {
    findings: [],
    seizures: [
      [296, 336, "seiz"],
      [1000.5, 1012.75, "cpsz"],
    ],
    duration: 3600,
  },
  "szcore-none.tsv": { findings: [], seizures: [], duration: 3600 },
};

test("every example annotation gives the expected findings and seizures", { skip: lacksSharedData }, () => {
  const names = readdirSync(sharedPath("synthetic/ann"));
  assert.deepEqual(names.sort(), Object.keys(SAMPLES).sort());
  for (const [name, wanted] of Object.entries(SAMPLES)) {
    const file = readAnnotations(readFileSync(sharedPath(`synthetic/ann/${name}`), "utf8"), { file: name });
    assert.deepEqual(codes(file), wanted.findings, name);
    assert.deepEqual(seizures(file), wanted.seizures, name);
    assert.equal(file.durationSeconds, wanted.duration ?? 300, name);
  }
});

test("reading and writing a clean file changes no byte", { skip: lacksSharedData }, () => {
  for (const [name, { findings }] of Object.entries(SAMPLES)) {
    if (findings.length > 0 && !["overlapping.csv_bi", "unsorted.csv_bi", "far-past-the-end.csv_bi"].includes(name))
      continue;
    const text = readFileSync(sharedPath(`synthetic/ann/${name}`), "utf8");
    const file = readAnnotations(text, { file: name });
    const write = { csv: writeCsv, csv_bi: writeCsvBi, tsv: writeHedScoreTsv, tse: writeTse, tse_bi: writeTse }[
      file.format
    ];
    // a bckg row of a tsv is implied by "no seizure" and written anew
    assert.equal(
      write(
        file.format === "tsv"
          ? ({
              ...file,
              events: file.events.filter(({ label }) => label !== "bckg"),
              startDateTime: "2016-11-06 13:43:04",
            } as AnnotationFile)
          : file,
      ),
      text,
      name,
    );
  }
});

test("tse text is read and written back unchanged, blank lines included", () => {
  const text =
    "version = tse_v1.0.0\n\n0.0000 10.2775 bckg 1.0000\n10.2775 35.7775 fnsz 1.0000\n35.7775 69.3000 bckg 0.5000\n";
  const file = readAnnotations(text, { file: "a.tse" });
  assert.deepEqual(file.findings, []);
  assert.deepEqual(seizures(file), [[10.2775, 35.7775, "fnsz"]]);
  assert.equal(writeTse(file), text);
  assert.match(writeTse(file, true), /10\.2775 35\.7775 seiz 1\.0000/);
  assert.throws(() => readAnnotations("0 FP1-F7 1\n", { file: "a.tse" }), /a\.tse:1: no version line found/);
  const bare = readAnnotations("0 1 bckg 1\n1 2 seiz 1\n", { file: "a.tse" });
  assert.deepEqual([codes(bare), seizures(bare)], [[["version-missing", "warning", 1]], [[1, 2, "seiz"]]]);
  assert.deepEqual(codes(readAnnotations(`${text}1 2 seiz\n`, { file: "a.tse" })), [["row-width", "error", 6]]);
});

test("an unknown label stops with file, line and the nearest known name", () => {
  assert.throws(() => read("TERM,0,1,bckg,1\nTERM,1,2,sezi,1\n"), {
    tag: "FormatError",
    message: /x\.csv_bi:7: unknown label "sezi".*did you mean "seiz"/,
  });
  const tsv =
    "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n1\t2\tzs_foc\t1\tn/a\tn/a\t10\n";
  assert.throws(
    () => readAnnotations(tsv, { file: "a.tsv" }),
    /a\.tsv:2: unknown eventType "zs_foc".*did you mean "sz_foc"/,
  );
});

test("a missing, renamed or repeated column is an error with what was found and expected", () => {
  for (const [columns, fault] of [
    ["channel,start_time,stop_time,label", /without confidence/],
    ["channel,start,stop,label,confidence", /without start_time, stop_time/],
    ["channel,start_time,stop_time,label,label,confidence", /label occurs twice/],
    ["name,age", /none of which is an annotation column/],
  ] as const) {
    assert.throws(
      () => readAnnotations(`# a\n${columns}\nTERM,0,1,seiz,1\n`, { file: "x.csv" }),
      (error: Error) => /^x\.csv:2: /.test(error.message) && fault.test(error.message),
      columns,
    );
  }
  assert.throws(() => readAnnotations("onset\tduration\n", { file: "x.tsv" }), /columns "onset duration" found/);
  assert.throws(() => readAnnotations("", { file: "x.txt" }), /unknown annotation format/);
});

test("columns are matched by name: any order, case, quoting and extra columns are accepted with a finding", () => {
  const same = [[10, 20, "fnsz"]];
  for (const text of [
    "start_time,channel,stop_time,label,confidence\n10,FP1-F7,20,fnsz,1\n",
    ",channel,start_time,stop_time,label,confidence\n0,FP1-F7,10,20,fnsz,1\n",
    "CHANNEL,START_TIME,STOP_TIME,LABEL,CONFIDENCE\nFP1-F7,10,20,FNSZ,1\n",
    '"channel","start_time","stop_time","label","confidence"\n"FP1-F7",10,20,"fnsz",1\n',
    'channel,start_time,stop_time,label,confidence,remark\nFP1-F7,10,20,fnsz,1,"left, temporal"\n',
  ]) {
    const file = readAnnotations(`# duration = 60 secs\n${text}`, { file: "x.csv" });
    assert.deepEqual(seizures(file), same, text);
    assert.ok(file.findings.length > 0 && file.findings.every(({ severity }) => severity === "info"), text);
  }
  const more =
    "onset\tduration\teventType\tlateralization\tvigilance\tconfidence\tchannels\tdateTime\trecordingDuration\n";
  const file = readAnnotations(
    `${more}10\t20\tsz_foc_ia\tleft\tawake\tn/a\tn/a\tn/a\t600\n50\t5\timpd\tn/a\tn/a\tn/a\tn/a\tn/a\t600\n`,
    { file: "x.tsv" },
  );
  assert.deepEqual(seizures(file), [[10, 30, "cpsz"]]);
  assert.deepEqual([file.durationSeconds, codes(file)], [600, [["columns-by-name", "info", undefined]]]);
  const least = readAnnotations("duration\teventType\tonset\n5\tsz\t10\n", { file: "x.tsv" });
  assert.deepEqual(seizures(least), [[10, 15, "seiz"]]);
});

test("text that is not annotations is refused by what it is, without a line", () => {
  for (const [text, fault] of [
    ["", /^x\.csv_bi: the file is empty/],
    ["\ufeff \n\n", /^x\.csv_bi: the file is empty/],
    ["<!DOCTYPE html><html>", /^x\.csv_bi: the file is a web page/],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0\n", /^x\.csv_bi: the file is a Git LFS pointer/],
  ] as const)
    assert.throws(
      () => readAnnotations(text, { file: "x.csv_bi" }),
      (error: Error) => fault.test(error.message),
    );
});

test("rows that contradict each other on a channel are an error, whatever is between them", () => {
  const contradiction = (line: number) => [["contradictory-rows", "error", line]];
  assert.deepEqual(codes(read("TERM,0,300,bckg,1\nTERM,100,130,seiz,1\n")), contradiction(7));
  assert.deepEqual(codes(read("TERM,100,130,seiz,1\nTERM,129.97,300,bckg,1\n")), contradiction(7));
  assert.deepEqual(codes(read("TERM,100,130,seiz,1\nTERM,129.98,300,bckg,1\n")), [["overlap", "warning", 7]]);
  const artefact = read("A,0,300,artf,1\nA,0,200,bckg,1\nA,50,60,fnsz,1\n", "x.csv");
  assert.ok(artefact.findings.some(({ code, line }) => code === "contradictory-rows" && line === 8));
  assert.deepEqual(codes(read("A,0,300,bckg,1\nB,50,60,fnsz,1\n", "x.csv")), [], "channels differ from each other");
});

test("a row that ends after twice the duration is in another unit, one slightly past the end is truncated", () => {
  assert.deepEqual(codes(read("TERM,10,300.001,seiz,1\n")), [["past-the-end", "info", 6]]);
  assert.deepEqual(codes(read("TERM,10,300.002,seiz,1\n")), [["past-the-end", "warning", 6]]);
  assert.deepEqual(codes(read("TERM,10,600,seiz,1\n")), [["past-the-end", "warning", 6]]);
  assert.deepEqual(codes(read("TERM,10,18000,seiz,1\n")), [["past-the-end", "error", 6]]);
});

test("a seizure row of zero length is an error unless it is in another one; other rows are warnings", () => {
  const severity = (rows: string) => codes(read(rows)).map((found) => (found as unknown[])[1]);
  assert.deepEqual(severity("TERM,10,20,seiz,1\nTERM,50,50,seiz,1\n"), ["error"]);
  assert.deepEqual(severity("TERM,10,20,seiz,1\nTERM,20,20,seiz,1\n"), ["warning"]);
  assert.deepEqual(severity("TERM,10,20,seiz,1\nTERM,50,50,bckg,1\n"), ["warning"]);
  const { events, instants } = read("TERM,10,20,seiz,1\nTERM,50,50,seiz,1\nTERM,60,60,bckg,1\n");
  assert.deepEqual([events.length, instants.map(({ startSeconds }) => startSeconds)], [1, [50]]);
});

test("the header is read leniently: either separator, unknown keys, byte order mark; a missing duration is a finding", () => {
  const body = "channel,start_time,stop_time,label,confidence\nTERM,1,2,seiz,1\n";
  const loose = readAnnotations(`\ufeff# Duration: 12.5\n# map file: a=b\n\n${body}`, { file: "x.csv_bi" });
  assert.equal(loose.durationSeconds, 12.5);
  assert.deepEqual(codes(loose), [["byte-order-mark", "info", undefined]]);
  assert.deepEqual(codes(readAnnotations(body, { file: "x.csv_bi" })), [["duration-missing", "warning", undefined]]);
  assert.deepEqual(codes(readAnnotations(`# duration = soon\n${body}`, { file: "x.csv_bi" })), [
    ["duration-unreadable", "warning", 1],
  ]);
  const twice = readAnnotations(`# duration = 100.00 secs\n# duration = 90.00 secs\n${body}`, { file: "x.csv_bi" });
  assert.equal(twice.durationSeconds, 100);
  assert.deepEqual(codes(twice), [["duration-repeated", "warning", 2]]);
  assert.deepEqual(codes(readAnnotations(`# duration = 9\n# duration = 9.00 s\n${body}`, { file: "x.csv_bi" })), []);
});

test("rows with impossible times are ignored, each with a finding at its line", () => {
  const cases: [row: string, code: string, severity: string][] = [
    ["TERM,x,2,seiz,1", "time-not-a-number", "error"],
    ["TERM,NaN,2,seiz,1", "time-not-a-number", "error"],
    ["TERM,1,Infinity,seiz,1", "time-not-a-number", "error"],
    ["TERM,,2,seiz,1", "time-not-a-number", "error"],
    ["TERM,-1,2,seiz,1", "negative-time", "error"],
    ["TERM,1,2,seiz", "row-width", "error"],
    ["TERM,1,2,seiz,1,1", "row-width", "error"],
  ];
  for (const [row, code, severity] of cases) {
    const file = read(`TERM,10,20,seiz,1\n${row}\n`);
    assert.deepEqual(codes(file), [[code, severity, 7]], row);
    assert.equal(file.events.length, 1);
    assert.ok(file.findings.every(({ message, action }) => message !== "" && action !== ""));
  }
  assert.deepEqual(codes(read("TERM,400,500,seiz,1\n")), [["starts-past-the-end", "error", 6]]);
  assert.deepEqual(seizures(read("TERM,400,500,seiz,1\n")), []);
});

test("unusual but readable rows are kept with findings: confidence, types and channels in csv_bi, repeats", () => {
  assert.deepEqual(codes(read("TERM,1,2,seiz,2.5\n")), [["confidence-unreadable", "warning", 6]]);
  assert.deepEqual(codes(read("TERM,1,2,fnsz,1\n")), [["label-not-binary", "warning", 6]]);
  assert.deepEqual(codes(read("FP1-F7,1,2,seiz,1\n")), [["channel-not-term", "warning", 6]]);
  assert.deepEqual(codes(read("TERM,1,2,seiz,1\nTERM,1,2,seiz,1\n")), [["duplicate-row", "warning", 7]]);
  assert.deepEqual(codes(read("A,5,9,fnsz,1\nB,1,9,fnsz,1\n", "x.csv")), [], "channels may overlap each other");
  assert.deepEqual(codes(read("# a remark\n\nTERM,1,2,seiz,1\n")), []);
  assert.deepEqual(codes(read("# a remark\n\n\nTERM,3,2,seiz,1\n")), [["reversed", "error", 9]]);
});

test("writeCsvBi writes what NEDC tools read, and one bckg row when nothing is annotated", () => {
  const event = { startSeconds: 733.96561, endSeconds: 818.0202, label: "cpsz", confidence: 1 };
  assert.equal(
    writeCsvBi({
      events: [event, { ...event, label: "spkz" }],
      durationSeconds: 900,
      recordingName: "aaaaaool_s001_t000",
    }),
    "# version = csv_v1.0.0\n# bname = aaaaaool_s001_t000\n# duration = 900.0000 secs\n# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt\n#\nchannel,start_time,stop_time,label,confidence\nTERM,733.9656,818.0202,seiz,1.0000\n",
  );
  assert.match(writeCsvBi({ events: [], durationSeconds: 60 }), /TERM,0\.0000,60\.0000,bckg,1\.0000\n$/);
  assert.throws(() => writeCsvBi({ events: [] }), /invalid durationSeconds: undefined/);
  assert.throws(() => writeCsv({ events: [{ ...event, label: "what" }], durationSeconds: 1 }), { tag: "FormatError" });
  assert.throws(
    () => writeCsvBi({ events: [{ ...event, endSeconds: Number.NaN }], durationSeconds: 1 }),
    /invalid time/,
  );
});

test("HED-SCORE text is what SzCORE tools read", () => {
  const events = [{ startSeconds: 10.126, endSeconds: 20.5, label: "fnsz", confidence: 0.914 }];
  assert.equal(
    writeHedScoreTsv({ events, durationSeconds: 3600, startDateTime: "2016-11-06 13:43:04" }),
    "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n10.13\t10.37\tsz_foc\t0.91\tn/a\t2016-11-06 13:43:04\t3600.00\n",
  );
  assert.match(
    writeHedScoreTsv({ events: [], durationSeconds: 5 }),
    /\n0\.00\t5\.00\tbckg\tn\/a\tn\/a\tn\/a\t5\.00\n$/,
  );
});
