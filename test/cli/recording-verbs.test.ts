import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Command } from "commander";
import { addAnnotationsCommand } from "../../src/cli/annotations.js";
import { addEdfCommand } from "../../src/cli/edf.js";
import { writeCsvBi } from "../../src/recording/annotation-write.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";

/** Run the verbs in this process with stdout and stderr caught; the exit code is put back. */
async function run(t: TestContext, ...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const program = new Command();
  addEdfCommand(program);
  addAnnotationsCommand(program);
  let stdout = "";
  let stderr = "";
  const out = t.mock.method(process.stdout, "write", (text: string) => {
    stdout += text;
    return true;
  });
  const err = t.mock.method(process.stderr, "write", (text: string) => {
    stderr += text;
    return true;
  });
  try {
    await program.parseAsync(args, { from: "user" });
  } finally {
    out.mock.restore();
    err.mock.restore();
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { stdout, stderr, code };
}

async function sampleFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ictal-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  const samples = Int16Array.of(1, -2, 3, 4);
  const signal = { label: "EEG T7-REF", physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples };
  await writeFile(
    join(folder, "a.edf"),
    encodeEdf({ kind: "EDF", patient: "Jane Doe", recordDurationSeconds: 0.5, signals: [signal] }),
  );
  await writeFile(
    join(folder, "a.csv_bi"),
    writeCsvBi({ events: [{ startSeconds: 0.25, endSeconds: 1, label: "seiz", confidence: 1 }], durationSeconds: 1 }),
  );
  return folder;
}

test("edf info --json prints the one document that scripts rely on", async (t) => {
  const folder = await sampleFolder(t);
  const { stdout, stderr, code } = await run(t, "edf", "info", join(folder, "a.edf"), "--json", "--digital-sums");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(JSON.parse(stdout), {
    kind: "EDF",
    headerBytes: 512,
    recordBytes: 4,
    patientFieldPresent: true,
    startDateTime: null,
    recordsInHeader: 2,
    recordsFound: 2,
    recordDurationSeconds: 0.5,
    durationSeconds: 1,
    segments: [{ startSeconds: 0, endSeconds: 1, startRecord: 0, recordCount: 2 }],
    annotationCount: 0,
    signals: [
      {
        label: "EEG T7-REF",
        electrode: "T3",
        sampleRateHz: 4,
        unit: "uV",
        ...{ physicalMin: -1, physicalMax: 1, digitalMin: -32768, digitalMax: 32767, isScaled: true },
        samplesPerRecord: 2,
        sampleCount: 4,
        prefilter: "",
        isAnnotation: false,
        digital: { count: 4, min: -2, max: 4, sum: 6 },
      },
    ],
    diagnostics: [],
  });
  const text = await run(t, "edf", "info", join(folder, "a.edf"));
  assert.match(text.stdout, /EEG T7-REF +T3 +4 Hz +4 +-1 to 1 uV from -32768 to 32767/);
  assert.match(text.stdout, /2 records of 0\.5 s.*\n.*patient field: present/);
  assert.doesNotMatch(text.stdout, /Jane/);
});

test("edf info exits 1 on a file that is none, with the fatal diagnostic in the document and a line on stderr", async (t) => {
  const folder = await sampleFolder(t);
  const { stdout, stderr, code } = await run(t, "edf", "info", join(folder, "a.csv_bi"), "--json");
  assert.equal(code, 1);
  assert.match(stderr, /not an EDF or BDF file/);
  const { kind, diagnostics } = JSON.parse(stdout) as {
    kind: unknown;
    diagnostics: { code: string; severity: string }[];
  };
  assert.deepEqual([kind, diagnostics.map((found) => [found.code, found.severity])], [null, [["not-edf", "fatal"]]]);
  const missing = await run(t, "edf", "info", join(folder, "none.edf"));
  assert.deepEqual([missing.code, missing.stdout], [1, ""]);
  assert.match(missing.stderr, /no such file/);
});

test("edf deidentify says what it changed and refuses its own input with exit code 2", async (t) => {
  const folder = await sampleFolder(t);
  const done = await run(t, "edf", "deidentify", join(folder, "a.edf"), join(folder, "b.edf"));
  assert.equal(done.code, 0);
  assert.match(done.stdout, /patient is now ""/);
  assert.doesNotMatch((await readFile(join(folder, "b.edf"))).toString("latin1"), /Jane/);
  assert.equal((await run(t, "edf", "deidentify", join(folder, "a.edf"), join(folder, "a.edf"))).code, 2);
});

test("annotations check exits 0 on a sound folder and 1 with error findings", async (t) => {
  const folder = await sampleFolder(t);
  const good = await run(t, "annotations", "check", folder, "--json");
  assert.equal(good.code, 0);
  assert.deepEqual(JSON.parse(good.stdout), {
    files: 1,
    seizureCount: 1,
    seizureSeconds: 0.75,
    backgroundSeconds: 0.25,
    unknownSeconds: 0,
    byType: { seiz: { seizures: 1, seconds: 0.75 } },
    byLabel: { seiz: { rows: 1, seconds: 0.75 } },
    perFile: [
      {
        ...{ file: join(folder, "a.csv_bi"), format: "csv_bi", isReadable: true, durationSeconds: 1 },
        ...{ rows: 1, seizureCount: 1, seizureSeconds: 0.75, errors: 0, warnings: 0 },
      },
    ],
    findings: [],
  });
  await writeFile(
    join(folder, "b.csv"),
    "# duration = 9 secs\nchannel,start_time,stop_time,label,confidence\nA,5,1,fnsz,1\n",
  );
  const bad = await run(t, "annotations", "check", folder);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /b\.csv:3: error reversed: .*\n {4}correct the times/);
});
