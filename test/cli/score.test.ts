import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromiumPath } from "@ictal/jupyter/browser/chromium";
import { checkFigurePage } from "@ictal/jupyter/test/figure-page-check";
import type { ScoreReport } from "../../src/cli/score-text.js";
import { writeCsvBi } from "../../src/recording/annotation-write.js";
import { runVerb } from "./verb-thread.js";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

interface Written {
  readonly seizures: readonly (readonly [number, number])[];
  readonly durationSeconds?: number;
}

/** Writes `ref/` and `hyp/` with one csv_bi per relative path and runs `ictal score` on them. */
async function score(
  t: TestContext,
  trees: { ref: Record<string, Written>; hyp: Record<string, Written> },
  ...flags: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const root = await mkdtemp(join(tmpdir(), "ictal-score-"));
  t.after(() => rm(root, { recursive: true }));
  for (const side of ["ref", "hyp"] as const) {
    await mkdir(join(root, side));
    for (const [id, { seizures, durationSeconds = 600 }] of Object.entries(trees[side])) {
      const path = join(root, side, `${id}.csv_bi`);
      await mkdir(dirname(path), { recursive: true });
      const events = seizures.map(([startSeconds, endSeconds]) => ({
        ...{ startSeconds, endSeconds },
        ...{ label: "seiz", confidence: 1 },
      }));
      const accept = ["overlap", "unsorted", "past-the-end", "starts-past-the-end"]; // inputs that score must judge itself
      await writeFile(path, writeCsvBi({ events, durationSeconds, accept }));
    }
  }
  const args = ["score", "--ref", join(root, "ref"), "--hyp", join(root, "hyp"), ...flags];
  const { status, stdout, stderr } = runVerb(args);
  return { code: status, stdout, stderr };
}

const detected = { seizures: [[110, 150]] as const };
const seizure = { seizures: [[100, 160]] as const };

test("score --json prints both scorers by default, pooled and per recording", async (t) => {
  const trees = { ref: { "p1/a": seizure, "p2/b": seizure }, hyp: { "p1/a": detected, "p2/b": { seizures: [] } } };
  const { code, stdout, stderr } = await score(t, trees, "--json");
  assert.deepEqual([code, stderr], [0, ""]);
  const { recordings, missing, szcore, nedc } = JSON.parse(stdout) as Required<ScoreReport>;
  assert.deepEqual([recordings, missing], [2, []]);
  assert.deepEqual([szcore.event.refTrue, szcore.event.tp, szcore.event.sensitivity], [2, 1, 0.5]);
  assert.deepEqual(nedc.ovlp, {
    ...{ targets: 2, hits: 1, misses: 1, falseAlarms: 0, sensitivity: 0.5, falseAlarmsPer24h: 0 },
  });
  assert.deepEqual([nedc.epoch.targets, nedc.epoch.hits, nedc.dpalign.hits], [480, 160, 1]);
  assert.equal(nedc.taes.hits, 40 / 60);
  assert.deepEqual(Object.keys(nedc.perRecording), [join("p1", "a"), join("p2", "b")]);
  assert.equal(nedc.perRecording[join("p1", "a")]!.ovlp.sensitivity, 1);
  assert.ok(nedc.ira.kappa > 0);
});

test("score --scorer prints the asked scorer alone and exits 2 for an unknown one", async (t) => {
  const trees = { ref: { a: seizure }, hyp: { a: detected } };
  const szcore = JSON.parse((await score(t, trees, "--scorer", "szcore", "--json")).stdout);
  assert.deepEqual(Object.keys(szcore), [
    "recordings",
    "optimism",
    "missing",
    "refused",
    "notes",
    "szcore",
    "resolution",
  ]);
  const oneHertz = JSON.parse((await score(t, trees, "--scorer", "szcore-1hz", "--json")).stdout);
  assert.deepEqual(Object.keys(oneHertz), ["recordings", "optimism", "missing", "refused", "notes", "szcore1Hz"]);
  const nedc = JSON.parse((await score(t, trees, "--scorer", "nedc", "--json")).stdout);
  assert.deepEqual(Object.keys(nedc), ["recordings", "optimism", "missing", "refused", "notes", "nedc", "resolution"]);
  const { code, stdout, stderr } = await score(t, trees, "--scorer", "taes", "--json");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /invalid --scorer taes: expected one of szcore, szcore-1hz, nedc, all/);
});

test("score counts a recording without a hypothesis as no detections and names it", async (t) => {
  const trees = { ref: { a: seizure, b: seizure }, hyp: { a: detected } };
  const { code, stdout } = await score(t, trees, "--json");
  assert.equal(code, 0);
  const { missing, nedc } = JSON.parse(stdout) as Required<ScoreReport>;
  assert.deepEqual([missing, nedc.ovlp.misses, nedc.ovlp.falseAlarms], [["b"], 1, 0]);
  assert.match((await score(t, trees)).stdout, /no hypothesis for 1 recordings \(counted as no detections\): b/);
});

test("score refuses durations that differ by more than --duration-tolerance", async (t) => {
  const trees = { ref: { a: seizure }, hyp: { a: { ...detected, durationSeconds: 605 } } };
  const { code, stderr } = await score(t, trees);
  assert.equal(code, 1);
  assert.match(stderr, /hyp.a\.csv_bi: lasts 605 s, the reference 600 s; .*--duration-tolerance/);
  assert.equal((await score(t, trees, "--duration-tolerance", "5")).code, 0);
  assert.equal((await score(t, trees, "--duration-tolerance", "soon")).code, 2);
});

test("score refuses a hypothesis beyond the end of the recording and cuts one that crosses it", async (t) => {
  const past = { ref: { a: seizure }, hyp: { a: { seizures: [[700, 720]] as const, durationSeconds: 600 } } };
  const { code, stderr } = await score(t, past);
  assert.equal(code, 1);
  assert.match(stderr, /hyp.a\.csv_bi:\d+: the row starts at 700 s, the duration is 600 s; the row is ignored/);
  const across = { ref: { a: seizure }, hyp: { a: { seizures: [[590, 640]] as const, durationSeconds: 600 } } };
  const { stdout } = await score(t, across, "--scorer", "nedc", "--json");
  assert.equal((JSON.parse(stdout) as Required<ScoreReport>).nedc.epoch.falseAlarms, 40);
});

test("score counts touching csv_bi rows one by one, as the catalogue of seizures does", async (t) => {
  const rows = [[100, 130] as const, [130, 160] as const];
  const { stdout } = await score(t, { ref: { a: { seizures: rows } }, hyp: { a: detected } }, "--json");
  assert.equal((JSON.parse(stdout) as Required<ScoreReport>).nedc.ovlp.targets, 2);
});

test("score refuses a hypothesis whose name is known in another folder only", async (t) => {
  const { code, stdout, stderr } = await score(t, { ref: { "p1/a": seizure }, hyp: { "p2/a": detected } }, "--json");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /1 of 1 hypotheses have no reference .* p2.a; there is a reference with that name at p1.a/);
});

test("score refuses a folder without references and one without hypotheses", async (t) => {
  const nothing = await score(t, { ref: {}, hyp: { a: detected } });
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /no annotations under .*ref; expected files with the extension \.csv_bi/);
  const silent = await score(t, { ref: { a: seizure }, hyp: {} }, "--json");
  assert.deepEqual([silent.code, silent.stdout], [1, ""]);
  assert.match(silent.stderr, /no annotations under .*hyp; expected files with the extension .*check --hyp/);
  const absent = spawnSync(process.execPath, [main, "score", "--ref", "/nowhere", "--hyp", "/nowhere"], {
    encoding: "utf8",
  });
  assert.deepEqual([absent.status, absent.stdout], [1, ""]);
  assert.match(absent.stderr, /\/nowhere: no such file or folder/);
});

test("score of a reference without seizures prints n/a for people and null for scripts", async (t) => {
  const trees = { ref: { a: { seizures: [] } }, hyp: { a: { seizures: [] } } };
  const { code, stdout } = await score(t, trees);
  assert.equal(code, 0);
  assert.match(stdout, /event +0 +0 +0 +n\/a +n\/a +n\/a +0\.0/);
  assert.match(stdout, /taes +0\.00 +0\.00 +0\.00 +0\.00 +n\/a +0\.0/);
  const { nedc } = JSON.parse((await score(t, trees, "--json")).stdout);
  assert.deepEqual([nedc.ovlp.sensitivity, nedc.ovlp.falseAlarmsPer24h, nedc.ira.kappa], [null, 0, 1]);
});

test("score --compare gives the paired difference, --intervals the bounds and --breakdown the groups", async (t) => {
  const names = ["aaaaaaaa", "aaaaaaab", "aaaaaaac", "aaaaaaad"].map((patient) => `${patient}_s001_t000`);
  const ref = Object.fromEntries(names.map((name) => [name, seizure]));
  const none = await mkdtemp(join(tmpdir(), "ictal-second-"));
  t.after(() => rm(none, { recursive: true }));
  await writeFile(join(none, `${names[0]}.csv_bi`), writeCsvBi({ events: [], durationSeconds: 600 }));
  const hyp = Object.fromEntries(names.map((name) => [name, detected]));
  const flags = ["--compare", none, "--intervals", "--breakdown"];
  const { code, stdout, stderr } = await score(t, { ref, hyp }, ...flags, "--json");
  assert.deepEqual([code, stderr], [0, ""]);
  const { comparison, intervals, breakdown, resolution } = JSON.parse(stdout) as Required<ScoreReport>;
  assert.deepEqual(comparison.missing, names.slice(1));
  const { first, second, value, p, leastP } = comparison.differences.eventSensitivity;
  assert.deepEqual([first, second, value, p, leastP], [1, 0, 1, 0.125, 0.125]);
  const { lower, upper, patients } = intervals.measures.eventSensitivity;
  assert.deepEqual([patients, upper], [4, 1]);
  assert.ok(Math.abs(lower - 0.398) < 0.001, "Clopper-Pearson of 4 of 4");
  assert.deepEqual(
    breakdown.byPatient.map(({ patient }) => patient),
    ["aaaaaaaa", "aaaaaaab", "aaaaaaac", "aaaaaaad"],
  );
  assert.deepEqual(Object.keys(breakdown.byType), ["seiz"]);
  assert.ok(Math.abs(resolution.ovlp!.leastFalseAlarmsPer24h - 36) < 1e-9);
  const { stdout: text } = await score(t, { ref, hyp }, ...flags);
  assert.match(
    text,
    /onset latency: median 10\.0 s \(quartiles 10\.0 to 10\.0\), 4 of 4 seizures with a recorded onset; the detector's look-ahead is unknown/,
  );
  const waited = await score(t, { ref, hyp }, "--breakdown", "--look-ahead", "6.5");
  assert.match(waited.stdout, /median 16\.5 s .*6\.5 s of look-ahead added/);
  assert.match(text, /event +1\.000 \(0\.000\) n=4/);
  assert.match(text, /sensitivity, SzCORE events +1\.000 +0\.398 to 1\.000 +4 patients/);
  assert.match(
    text,
    /sensitivity, SzCORE events +1\.000 +0\.000 +1\.000 +n\/a to n\/a +p 0\.125 \(0\.125\) +4 patients/,
  );
  assert.match(
    text,
    /false alarms: 0\.67 h resolve 36\.0 per 24 h, one alarm in all; SzCORE events at most 107\.8 per 24 h/,
  );
  assert.match(text, /no second hypothesis for 3 recordings/);
});

test("score of fewer than four patients gives neither intervals nor p, and says why", async (t) => {
  const trees = { ref: { a: seizure, b: seizure }, hyp: { a: detected, b: { seizures: [] } } };
  const { stdout } = await score(t, trees, "--intervals");
  assert.match(stdout, /sensitivity, SzCORE events +0\.500 +n\/a to n\/a +2 patients/);
  assert.match(stdout, /n\/a: intervals and tests take at least 4 patients that differ/);
});

test("score names the flag of a bootstrap that cannot be", async (t) => {
  const trees = { ref: { a: seizure }, hyp: { a: detected } };
  for (const [flag, value] of [
    ["--replicates", "0"],
    ["--level", "95"],
    ["--seed", "x"],
  ] as const) {
    const { code, stderr } = await score(t, trees, flag, value);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`invalid ${flag} ${value}: expected`));
  }
});

test("score --report writes one page with the scores, figures and the worst recordings", {
  timeout: 120_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-page-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "review"));
  await writeFile(join(folder, "review", "p1--a.html"), "");
  const trees = { ref: { "p1/a": seizure, "p2/b": seizure }, hyp: { "p1/a": { seizures: [] } } };
  const file = join(folder, "scores.html");
  const { code, stderr } = await score(t, trees, "--report", file);
  assert.deepEqual([code, stderr], [0, ""]);
  const page = await readFile(file, "utf8");
  assert.match(page, /<a href="review\/p1--a.html#t=[\d.]+">p1\/a<\/a>/);
  assert.match(page, /<th scope="row">p2\/b<\/th><td class="count">1<\/td><td class="count">1<\/td>/);
  assert.equal(page.match(/class="figure"/g)?.length, 4);
  assert.ok(!/src="http/.test(page), "nothing comes from a network");
  const browser = chromiumPath();
  if (browser) await checkFigurePage(browser, file, 4);
  else t.diagnostic("not opened: Chromium is not installed");
});

test("score takes events in any order, nested and overlapping, as their union", async (t) => {
  const wanted = await score(
    t,
    {
      ref: { a: seizure },
      hyp: {
        a: {
          seizures: [
            [90, 130],
            [300, 320],
          ],
        },
      },
    },
    "--json",
  );
  for (const seizures of [
    [
      [300, 320],
      [90, 130],
    ],
    [
      [90, 130],
      [100, 110],
      [300, 320],
    ],
    [
      [90, 120],
      [110, 130],
      [300, 320],
    ],
  ] as [number, number][][]) {
    const { code, stdout } = await score(t, { ref: { a: seizure }, hyp: { a: { seizures } } }, "--json");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(wanted.stdout));
  }
});

test("score names file, line and fault of times that cannot be: before the start, reversed, no number, other units", async (t) => {
  for (const [row, fault] of [
    ["-5.0000,20.0000", "start before the recording"],
    ["120.0000,110.0000", "end before they start"],
    ["nan,20.0000", "seconds expected"],
    ["25600,40960", "the row starts at 25600 s, the duration is 600 s"], // samples at 256 Hz
  ] as const) {
    const root = await mkdtemp(join(tmpdir(), "ictal-faulty-"));
    t.after(() => rm(root, { recursive: true }));
    const text = writeCsvBi({
      events: [{ startSeconds: 1, endSeconds: 2, label: "seiz", confidence: 1 }],
      durationSeconds: 600,
    });
    for (const side of ["ref", "hyp"]) {
      await mkdir(join(root, side));
      await writeFile(join(root, side, "a.csv_bi"), side === "ref" ? text : text.replace("1.0000,2.0000", row));
    }
    const args = ["score", "--ref", join(root, "ref"), "--hyp", join(root, "hyp"), "--json"];
    const { status, stdout, stderr } = runVerb(args);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /hyp.a\.csv_bi:\d+: /);
    assert.ok(stderr.includes(fault), stderr);
  }
});

test("score scores the rest where one reference is in doubt, ends with 1, and with 0 where its code is accepted", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "ictal-doubt-"));
  t.after(() => rm(root, { recursive: true }));
  for (const side of ["ref", "hyp"]) {
    await mkdir(join(root, side));
    const text = writeCsvBi({
      events: [{ startSeconds: 100, endSeconds: 160, label: "seiz", confidence: 1 }],
      durationSeconds: 600,
    });
    await writeFile(join(root, side, "a.csv_bi"), text);
    await writeFile(join(root, side, "b.csv_bi"), side === "ref" ? text.slice(0, text.indexOf("TERM")) : text);
  }
  await writeFile(join(root, "ref", "notes.csv"), "name,age\nx,3\n");
  const args = ["score", "--ref", join(root, "ref"), "--hyp", join(root, "hyp"), "--json"];
  const { status, stdout, stderr } = runVerb(args);
  const { recordings, refused, notes, szcore } = JSON.parse(stdout) as Required<ScoreReport>;
  assert.deepEqual([status, recordings, szcore.event.fp], [1, 1, 0]);
  assert.deepEqual(
    refused.map(({ id, side, code }) => [id, side, code]),
    [["b", "reference", "labels-incomplete"]],
  );
  assert.deepEqual(
    notes.map(({ code }) => code),
    ["not-annotations"],
  );
  assert.match(stderr, /not scored: b \(labels-incomplete\): .*b\.csv_bi: the file has no usable row/);
  assert.match(stderr, /notes\.csv:1: not-annotations/);
  const accepted = runVerb([...args, "--accept", "labels-incomplete"]);
  assert.deepEqual([accepted.status, accepted.stdout], [0, stdout]);
});

test("score with several --ref scores their majority and prints the agreement of experts and detector", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-experts-"));
  t.after(() => rm(folder, { recursive: true }));
  const patients = ["aaaaaaaa", "aaaaaaab", "aaaaaaac", "aaaaaaad"];
  const write = async (name: string, id: string, start: number) => {
    await mkdir(join(folder, name), { recursive: true });
    const events = [{ startSeconds: start, endSeconds: start + 60, label: "seiz", confidence: 1 }];
    await writeFile(join(folder, name, `${id}_s001_t000.csv_bi`), writeCsvBi({ events, durationSeconds: 600 }));
  };
  for (const [p, id] of patients.entries())
    for (const [e, name] of ["A", "B", "C", "hyp"].entries()) await write(name, id, 100 + e * (3 + p));
  await write("A", "aaaaaaae", 100);
  const refs = ["A", "B", "C"].flatMap((name) => ["--ref", join(folder, name)]);
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "score", ...args], { encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const { status, stdout, stderr } = run(...refs, "--hyp", join(folder, "hyp"), "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  const { recordings, nedc, experts } = JSON.parse(stdout) as Required<ScoreReport>;
  assert.deepEqual([recordings, nedc.ovlp.hits, experts.notByAll], [4, 4, ["aaaaaaae_s001_t000"]]);
  assert.deepEqual([experts.betweenExperts.length, experts.withDetector.length, experts.patients], [3, 4, 4]);
  const alone = run(...refs).stdout;
  assert.match(alone, /A, B +0\.\d{3} +0\.\d{3} to [01]\.\d{3}/);
  assert.doesNotMatch(alone, /SzCORE|detector/);
  const text = run(...refs, "--hyp", join(folder, "hyp"), "--margin", "0.05").stdout;
  assert.match(text, /scored against what more than half of 3 experts mark/);
  assert.match(text, /C +0\.\d{3} +0\.\d{3} +-0\.\d{3} .* may be worse than this expert by 0\.05 or more/);
  assert.equal(run("--ref", join(folder, "A")).status, 2);
  assert.match(
    run(...refs.slice(0, 2), ...refs.slice(0, 2)).stderr,
    /one folder is given twice; expected one per expert/,
  );
});
