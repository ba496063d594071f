import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import { writeCsv, writeCsvBi } from "../../src/recording/annotation-write.js";
import { checkAnnotationFiles } from "../../src/recording/check-annotation-files.js";
import { writeEdf } from "../../src/recording/edf-writer.js";
import { checkDuration, compareAnnotations, seizureEvents } from "../../src/recording/seizures.js";
import { lacksSharedData, sharedJson, sharedPath } from "./shared-data.js";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "ictal-ann-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const row = (startSeconds: number, endSeconds: number, label = "seiz", channel = "TERM") => ({
  startSeconds,
  endSeconds,
  label,
  confidence: 1,
  channel,
});
const file = (rows: ReturnType<typeof row>[], name = "x.csv_bi", durationSeconds = 100) =>
  readAnnotations((name.endsWith("_bi") ? writeCsvBi : writeCsv)({ events: rows, durationSeconds }), { file: name });

async function writeRecording(path: string, seconds: number): Promise<void> {
  await writeEdf(`${path}.edf`, {
    kind: "EDF",
    recordDurationSeconds: 1,
    signals: [{ label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 1, samples: new Int16Array(seconds) }],
  });
}

test("seizureEvents takes times from the binary file and the type from the typed one", () => {
  const typed = file(
    [row(10, 40, "fnsz", "A"), row(12, 41, "fnsz", "B"), row(35, 60, "gnsz", "C"), row(70, 80, "mysz", "A")],
    "x.csv",
  );
  const binary = file([row(10, 60), row(70, 80.5), row(90, 95)]);
  assert.deepEqual(
    seizureEvents(binary, typed).map(({ startSeconds, endSeconds, label }) => [startSeconds, endSeconds, label]),
    [
      [10, 60, "fnsz"],
      [70, 80.5, "mysz"],
      [90, 95, "seiz"],
    ],
  );
});

test("compareAnnotations tolerates 20 ms of difference, warns above, and calls a seizure that the other file lacks an error", () => {
  const typed = file([row(10, 40, "fnsz", "A"), row(30, 60, "fnsz", "B")], "x.csv");
  const codes = (rows: ReturnType<typeof row>[]) =>
    compareAnnotations(typed, file(rows)).map(({ code, severity }) => [code, severity]);
  assert.deepEqual(codes([row(10, 60.02)]), []);
  assert.deepEqual(codes([row(10.01, 60.011)]), [["unions-differ", "warning"]]);
  assert.deepEqual(codes([row(10, 40)]), [["unions-differ", "warning"]]);
  assert.deepEqual(codes([row(10, 60), row(80, 80.02)]), []);
  assert.deepEqual(codes([row(10, 60), row(80, 80.03)]), [["seizures-differ", "error"]]);
  assert.deepEqual(codes([row(70, 80)]), [["seizures-differ", "error"]]);
  assert.deepEqual(codes([]), [["seizures-in-one-file-only", "error"]]);
});

test("checkDuration warns over 0.1 s and errs over 1 s", () => {
  const severity = (seconds: number) => checkDuration(file([]), seconds).map((found) => found.severity);
  assert.deepEqual(
    [severity(100.1), severity(100.2), severity(99), severity(101.001)],
    [[], ["warning"], ["warning"], ["error"]],
  );
});

test("checkAnnotationFiles counts a recording once, its background as the complement, and files without annotation as unknown", async (t) => {
  const root = await folder(t);
  await mkdir(join(root, "deep/er"), { recursive: true });
  const path = join(root, "deep/er/a");
  await writeRecording(path, 100);
  await writeFile(`${path}.csv_bi`, writeCsvBi({ events: [row(10, 30)], durationSeconds: 100 }));
  await writeFile(
    `${path}.csv`,
    writeCsv({ events: [row(10, 30, "fnsz", "A"), row(12, 28, "fnsz", "B")], durationSeconds: 100 }),
  );
  await writeRecording(join(root, "b"), 40);
  const report = await checkAnnotationFiles(root);
  assert.deepEqual(
    {
      ...report,
      perFile: report.perFile.map(({ format, rows, seizureCount }) => [format, rows, seizureCount]),
      findings: report.findings.map(({ code }) => code),
    },
    {
      files: 2,
      seizureCount: 1,
      seizureSeconds: 20,
      backgroundSeconds: 80,
      unknownSeconds: 40,
      byType: { fnsz: { seizures: 1, seconds: 20 } },
      byLabel: { fnsz: { rows: 2, seconds: 36 } },
      perFile: [
        ["csv", 2, 1],
        ["csv_bi", 1, 1],
      ],
      findings: ["no-annotation"],
    },
  );
  const one = await checkAnnotationFiles(`${path}.csv_bi`);
  assert.deepEqual([one.files, one.seizureCount, one.unknownSeconds], [2, 1, 0]);
});

test("checkAnnotationFiles counts time without labels as unknown, never as background", async (t) => {
  const root = await folder(t);
  const header = "# duration = 100 secs\nchannel,start_time,stop_time,label,confidence\n";
  await writeFile(join(root, "none.csv_bi"), header);
  await writeFile(join(root, "lost.csv_bi"), `${header}TERM,10,20,seiz,1\nTERM,40,30,seiz,1\n`);
  await writeFile(join(root, "far.csv_bi"), `${header}TERM,90,1e9,seiz,1\n`);
  await writeFile(join(root, "near.csv_bi"), `${header}TERM,90,101,seiz,1\n`);
  const report = await checkAnnotationFiles(root);
  assert.deepEqual([report.seizureSeconds, report.backgroundSeconds, report.unknownSeconds], [10, 90, 300]);
  assert.deepEqual(report.byLabel, { seiz: { rows: 3, seconds: 30 } });
  const named = report.findings.map(({ file, code }) => `${file.slice(root.length + 1, -".csv_bi".length)} ${code}`);
  const expected = ["far past-the-end", "lost reversed", "near past-the-end", "none labels-incomplete"];
  assert.deepEqual(named, expected);
});

test("checkAnnotationFiles compares the durations of csv and csv_bi where there is no recording", async (t) => {
  const root = await folder(t);
  await writeFile(join(root, "a.csv"), writeCsv({ events: [row(10, 30, "fnsz", "A")], durationSeconds: 100.5 }));
  await writeFile(join(root, "a.csv_bi"), writeCsvBi({ events: [row(10, 30)], durationSeconds: 100 }));
  const found = async () => (await checkAnnotationFiles(root)).findings.map(({ code, severity }) => [code, severity]);
  assert.deepEqual(await found(), [["durations-differ", "warning"]]);
  await writeRecording(join(root, "a"), 100);
  assert.deepEqual(await found(), [["duration-differs", "warning"]]);
});

test("checkAnnotationFiles reports that a tse file alone has no duration", async (t) => {
  const path = await folder(t);
  for (const name of ["alone", "beside"])
    await writeFile(join(path, `${name}.tse`), "version = tse_v1.0.0\n\n0.0 10.0 bckg 1.0\n10.0 20.0 fnsz 1.0\n");
  await writeRecording(join(path, "beside"), 60);
  const { findings, seizureSeconds, backgroundSeconds } = await checkAnnotationFiles(path);
  const reported = findings.map(({ file: at, code, severity }) => [at, code, severity]);
  assert.deepEqual(reported, [
    [join(path, "alone.tse"), "duration-unknown", "info"],
    [join(path, "beside.tse"), "labels-incomplete", "warning"],
  ]);
  assert.deepEqual([seizureSeconds, backgroundSeconds], [20, 50]);
});

test("checkAnnotationFiles reports time that no row covers in a file with rows of background", async (t) => {
  const root = await folder(t);
  const header = "# duration = 60 secs\nchannel,start_time,stop_time,label,confidence\n";
  const rows = (...each: string[]) => header + each.map((times) => `TERM,${times},1\n`).join("");
  for (const [name, text] of Object.entries({
    cut: rows("0,20,bckg", "20,30,seiz"),
    hole: rows("0,20,bckg", "20,30,seiz", "45,60,bckg"),
    near: rows("0,20,bckg", "20,30,seiz", "40,60,bckg"),
    seizures: rows("20,30,seiz"),
    silence: rows("0,1.0551,bckg"),
  }))
    await writeFile(join(root, `${name}.csv_bi`), text);
  const { findings } = await checkAnnotationFiles(root);
  assert.deepEqual(
    findings.map(({ file, code, severity, message }) => [file.slice(root.length + 1), code, severity, message]),
    [
      ["cut.csv_bi", "30 to 60"],
      ["hole.csv_bi", "30 to 45"],
    ].map(([file, times]) => [
      ...[file, "labels-incomplete", "warning"],
      `no row covers ${times} s, though the file has rows of background; treated as background`,
    ]),
  );
});

test("checkAnnotationFiles turns an unknown label and a broken recording into error findings and continues", async (t) => {
  const root = await folder(t);
  await writeFile(join(root, "a.csv_bi"), writeCsvBi({ events: [], durationSeconds: 10 }).replace("bckg", "bkcg"));
  await writeRecording(join(root, "a"), 10);
  await writeFile(join(root, "b.edf"), "no recording at all");
  await writeFile(join(root, "b.csv_bi"), writeCsvBi({ events: [row(1, 2)], durationSeconds: 10 }));
  const report = await checkAnnotationFiles(root);
  assert.deepEqual(
    report.findings.map(({ code, severity, line }) => [code, severity, line]),
    [
      ["unknown-label", "error", 7],
      ["recording-unreadable", "error", undefined],
    ],
  );
  assert.match(report.findings[0]!.message, /did you mean "bckg"/);
  assert.deepEqual([report.seizureCount, report.backgroundSeconds, report.unknownSeconds], [1, 9, 10]);
});

test("checkAnnotationFiles agrees with the facts of the small TUSZ-shaped corpus", {
  skip: lacksSharedData,
}, async () => {
  const facts = sharedJson("synthetic/tusz-mini/facts.json") as {
    seconds: number;
    seizures: [number, number, string][];
    note: Record<string, unknown>;
  }[];
  const report = await checkAnnotationFiles(sharedPath("synthetic/tusz-mini"));
  const seizures = facts.flatMap((fact) => fact.seizures);
  assert.equal(report.seizureCount, seizures.length);
  const seconds = seizures.reduce((sum, [start, end]) => sum + end - start, 0);
  assert.ok(
    Math.abs(report.seizureSeconds - seconds) < 1e-3,
    `${report.seizureSeconds} s found, ${seconds} s expected`,
  );
  const total = facts.reduce((sum, fact) => sum + fact.seconds, 0);
  assert.ok(Math.abs(report.seizureSeconds + report.backgroundSeconds + report.unknownSeconds - total) < 1e-3);
  assert.deepEqual(
    report.findings.filter(({ severity }) => severity === "error"),
    [],
  );
});

test("checkAnnotationFiles reports a folder without annotation files and a file of unknown format", async (t) => {
  const root = await folder(t);
  const report = await checkAnnotationFiles(root);
  assert.deepEqual([report.files, report.findings.map(({ code }) => code)], [0, ["no-annotation-files"]]);
  await writeFile(join(root, "notes.txt"), "");
  await assert.rejects(checkAnnotationFiles(join(root, "notes.txt")), {
    tag: "FormatError",
    message: /expected csv, csv_bi/,
  });
});

test("checkAnnotationFiles names a missing path", async () => {
  await assert.rejects(checkAnnotationFiles("/nowhere/at/all"), {
    tag: "NotFoundError",
    message: /\/nowhere\/at\/all: no such file or folder/,
  });
});
