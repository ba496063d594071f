import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromiumPath } from "@ictal/jupyter/browser/chromium";
import { checkFigurePage } from "@ictal/jupyter/test/figure-page-check";
import { checkPrinted, printPlainly } from "@ictal/jupyter/test/printed-page-check";
import { writeManifest } from "../../src/cache/manifest.js";
import { writePrediction } from "../../src/training/prediction-store.js";
import { type MadeRecording, makeCache, RATE, seizure } from "../cache/made-cache.js";
import { runVerb } from "./verb-thread.js";

const CHECKPOINT = "cd".repeat(32);
const RECORDINGS: readonly MadeRecording[] = [
  { id: "dev/a/s/m/t0", sampleCount: 300 * RATE, seizures: [seizure(50, 90)] },
  { id: "dev/b/s/m/t0", sampleCount: 300 * RATE, seizures: [seizure(100, 130, "gnsz"), seizure(200, 215)] },
  { id: "dev/c/s/m/t0", sampleCount: 200 * RATE },
  { id: "dev/d/s/m/t0", sampleCount: 100 * RATE, labelled: false },
  { id: "train/f/s/m/t0", sampleCount: 100 * RATE },
  { id: "eval/e/s/m/t0", sampleCount: 200 * RATE, seizures: [seizure(20, 60)] },
];
let dir: string;

function ictal(...args: string[]) {
  const { status, stdout, stderr } = runVerb(args);
  return { status, stdout, stderr };
}

const data = () => ["--cache-dir", join(dir, "cache"), "--predictions", join(dir, "predictions"), "--replicates", "99"];

/** Probabilities of 0.95 in the first seizure and, in c, in a false alarm at 0.9; else 0.1 to 0.3. */
async function predict(key: string): Promise<void> {
  for (const { id, sampleCount, seizures = [] } of RECORDINGS) {
    const probability = Float32Array.from({ length: sampleCount / RATE }, (_, i) => 0.1 + 0.2 * ((i % 7) / 7));
    const first = seizures[0];
    if (first) probability.fill(0.95, first.startSeconds + 4, first.endSeconds + 4);
    else probability.fill(0.9, 40, 60);
    const origin = { checkpointHash: CHECKPOINT, cacheKey: key, type: "float16" } as const;
    await writePrediction(join(dir, "predictions"), { id, rateHz: 1, probability }, origin);
  }
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "ictal-report-"));
  await makeCache(join(dir, "cache"), RECORDINGS, { channels: ["FP1", "F3"] });
  const { manifest } = await writeManifest(join(dir, "cache"));
  await predict(manifest.key);
  const run = join(dir, "run");
  await mkdir(run);
  const lines = [
    { kind: "step", step: 10, loss: 0.7, learningRate: 1e-3 },
    { kind: "validation", step: 10, metrics: { sensitivity_at_10fa: 0.4, precision: null } },
    { kind: "step", step: 20, loss: 0.5, learningRate: 1e-4 },
    { kind: "validation", step: 20, metrics: { sensitivity_at_10fa: 0.6, precision: 1 } },
  ];
  await writeFile(join(run, "metrics.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
});

after(() => rm(dir, { recursive: true, force: true }));

test("threshold searches dev: the sensitivity within each rate, its threshold and interval", () => {
  const { status, stdout, stderr } = ictal("threshold", ...data(), "--fa", "500,108", "--scorer", "ovlp", "--json");
  assert.equal(status, 0, stderr);
  const { recordings, patients, rates } = JSON.parse(stdout);
  assert.deepEqual([recordings, patients], [3, 3], "the recording without labels is not scored");
  const [free, one] = rates;
  assert.ok(Math.abs(free.sensitivity.value - 2 / 3) < 1e-12 && free.sensitivity.upper === null, "three patients");
  assert.deepEqual([one.isResolved, one.leastFalseAlarmsPer24h, one.sensitivity.patients], [true, 108, 2]);
  assert.ok(Math.abs(one.offThreshold / one.threshold - 0.78 / 0.86) < 1e-12);
  const text = ictal("threshold", ...data(), "--fa", "108").stdout;
  assert.match(text, /use that of 108: --set postprocessing\.hysteresis\.tau_on=0\.9\d* --set/);
  assert.match(text, /0\.22 h of recording resolve 108\.00 false alarms per 24 h, one in all/);
});

test("threshold refuses rates that the hours cannot resolve, and says which can", () => {
  const asked = ictal("threshold", ...data(), "--fa", "500,10,1");
  assert.deepEqual([asked.status, asked.stdout], [2, ""]);
  assert.match(
    asked.stderr,
    /0\.22 h of recordings cannot resolve 10, 1 false alarms per 24 h \(--fa\): one false alarm/,
  );
  assert.match(asked.stderr, /is 108\.0 per 24 h; ask for --fa 108 or more, or predict at least 24\.0 h/);
  const configured = ictal("threshold", ...data());
  assert.equal(configured.status, 2);
  assert.match(configured.stderr, /cannot resolve 10, 5, 2\.5, 1 .*evaluation\.fa_rates/);
  const none = ictal("threshold", ...data(), "--fa", "0");
  assert.match(none.stderr, /cannot resolve 0 .*108 or more$/m);
});

test("threshold refuses eval; forced, it says so and writes the search down", async () => {
  const log = join(dir, "predictions", "eval-searches.jsonl");
  const refused = ictal("threshold", ...data(), "--split", "eval");
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /invalid --split eval: search on dev .*--force-eval/);
  assert.ok(!existsSync(log));
  const forced = ictal("threshold", ...data(), "--split", "eval", "--force-eval", "--fa", "500", "--json");
  assert.equal(forced.status, 0);
  assert.match(forced.stderr, /searched on 1 recordings of eval by force/);
  const entry = JSON.parse(await readFile(log, "utf8"));
  assert.deepEqual([entry.verb, entry.checkpointHash, entry.perDay], ["threshold", CHECKPOINT, [500]]);
  assert.match(
    ictal("threshold", ...data(), "--split", "test").stderr,
    /invalid --split test: the cache has dev, eval/,
  );
});

test("report writes one page with receipt, scores by every scorer, figures and links to review pages", {
  timeout: 120_000,
}, async (context) => {
  const out = join(dir, "report", "run.html");
  await mkdir(join(dir, "report", "review"), { recursive: true });
  await writeFile(join(dir, "report", "review", "dev--c--s--m--t0.html"), "");
  const run = ["--run", join(dir, "run"), "--out", out];
  const { status, stdout, stderr } = ictal("report", ...data(), ...run, "--json");
  assert.equal(status, 0, stderr);
  const { receipt, auroc, scores, rates } = JSON.parse(stdout);
  assert.deepEqual([receipt.checkpoint, receipt.seizures, rates.length], [CHECKPOINT, 3, 4]);
  assert.ok(auroc.auroc > 0.5 && scores.szcore1Hz && scores.nedc && scores.latency.lookAheadSeconds > 0);
  assert.equal(scores.latency.medianSeconds, 4 + scores.latency.lookAheadSeconds);
  const page = await readFile(out, "utf8");
  for (const text of [
    CHECKPOINT,
    "<dt>AUROC</dt>",
    "any overlap (OVLP)",
    "szcore-evaluation",
    "onset latency",
    "false alarms allowed",
    "tau_on",
    "not resolved",
    "prevalence",
  ])
    assert.ok(page.includes(text), text);
  assert.ok(page.includes('<a href="review/dev--c--s--m--t0.html#t='), "the recording with a false alarm");
  assert.ok(!/(?:src|href)="http/.test(page), "nothing comes from a network");
  const browser = chromiumPath();
  if (!browser) return context.diagnostic("not opened: Chromium is not installed");
  await checkFigurePage(browser, out, 9);
});

test("report --pdf has every figure and whole tables, as has the page printed plainly; it says what to do without Chromium", async (context) => {
  const [out, pdf] = [join(dir, "printed.html"), join(dir, "printed.pdf")];
  const without = runVerb(["report", ...data(), "--pdf", pdf], { ...process.env, ICTAL_CHROMIUM: join(dir, "none") });
  assert.deepEqual([without.status, without.stdout], [1, ""]);
  assert.match(without.stderr, /^ictal: no Chromium to print with \(--pdf\): install Chromium .* ICTAL_CHROMIUM$/m);
  const neither = ictal("report", ...data());
  assert.equal(neither.status, 2);
  assert.match(neither.stderr, /give --out FILE\.html, --pdf FILE\.pdf, or both/);
  const browser = chromiumPath();
  if (!browser) return context.diagnostic("not printed: Chromium is not installed");
  const { status, stdout, stderr } = ictal("report", ...data(), "--run", join(dir, "run"), "--out", out, "--pdf", pdf);
  assert.equal(status, 0, stderr);
  assert.ok(stdout.startsWith(`${out}\n${pdf}\n`));
  const page = await readFile(out, "utf8");
  for (const bytes of [await readFile(pdf), printPlainly(browser, out)]) {
    const { figures, tables, pages } = checkPrinted(bytes, page);
    assert.deepEqual([figures, tables], [9, 11]);
    assert.ok(pages > 3 && pages < 12, `${pages} pages`);
  }
});

test("a report on eval shows the configured thresholds and searches for none", async () => {
  const out = join(dir, "eval.html");
  const { status, stdout } = ictal("report", ...data(), "--split", "eval", "--out", out);
  assert.equal(status, 0);
  assert.match(stdout, /thresholds were not searched on eval/);
  assert.match(await readFile(out, "utf8"), /choose them on dev with <code>ictal threshold/);
});

test("a recording without a prediction counts as without detections, in the report and in the search", async () => {
  const { recording, file } = {
    recording: "dev/b/s/m/t0",
    file: join(dir, "predictions", "dev", "b", "s", "m", "t0.json"),
  };
  const stored = await readFile(file, "utf8");
  const out = join(dir, "missing.html");
  const scored = () => JSON.parse(ictal("report", ...data(), "--out", out, "--json").stdout);
  const searched = () => JSON.parse(ictal("threshold", ...data(), "--fa", "500", "--scorer", "ovlp", "--json").stdout);
  const [whole, threshold] = [scored(), searched()];
  await rm(file);
  const [gone, lower] = [scored(), searched()];
  const plain = ictal("threshold", ...data(), "--fa", "500");
  assert.equal(plain.status, 1);
  assert.match(
    plain.stderr,
    /^ictal: 1 recordings have no prediction .*dev\/b\/s\/m\/t0; predict the whole split again, or/m,
  );
  const accepted = ["--accept", "prediction-missing", "--out", out];
  assert.equal(ictal("report", ...data(), ...accepted).status, 0);
  assert.equal(ictal("report", ...data(), "--out", out).status, 1);
  await writeFile(file, stored);
  assert.deepEqual([whole.scores.missing, gone.scores.missing], [[], [recording]]);
  assert.equal(gone.scores.recordings, whole.scores.recordings);
  const hits = ({ scores }: typeof gone) => [scores.nedc.ovlp.targets, scores.nedc.ovlp.hits];
  assert.deepEqual(
    [hits(whole), hits(gone)],
    [
      [3, 2],
      [3, 1],
    ],
  );
  assert.equal(gone.scores.nedc.perRecording[recording].ovlp.misses, 2);
  assert.match(gone.receipt.recordings, /^3 scored, 1 of them without a prediction \(no detections\)/);
  assert.ok(Math.abs(threshold.rates[0].sensitivity.value - 2 / 3) < 1e-9);
  assert.ok(Math.abs(lower.rates[0].sensitivity.value - 1 / 3) < 1e-9);
  assert.match(await readFile(out, "utf8"), /no hypothesis for 1 recordings \(counted as no detections\): dev\/b/);
});

test("a split without seizures is reported with n/a for what needs seizures, and no threshold is searched on it", async () => {
  const out = join(dir, "quiet.html");
  const { status, stdout, stderr } = ictal("report", ...data(), "--split", "train", "--out", out);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /AUROC n\/a \(n\/a to n\/a, 0 patients\), event F1 0\.000, train/);
  const page = await readFile(out, "utf8");
  const shown = page.slice(0, page.indexOf('id="plotly-gzip"'));
  assert.ok(!shown.includes("NaN"), shown.match(/.{60}NaN.{60}/s)?.[0]);
  const search = ictal("threshold", ...data(), "--split", "train", "--fa", "900");
  assert.deepEqual([search.status, search.stdout], [2, ""]);
  assert.match(
    search.stderr,
    /none of the 1 labelled recordings of train has a seizure, so no threshold has a sensitivity/,
  );
});

test("report refuses a run without metrics, and predictions of another cache, two checkpoints or two calibrations", async () => {
  const absent = ictal("report", ...data(), "--run", dir, "--out", join(dir, "x.html"));
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /no .*metrics\.jsonl; --run takes the folder that ictal train wrote/);
  const file = join(dir, "predictions", "dev", "b", "s", "m", "t0.json");
  const stored = await readFile(file, "utf8");
  const unsealed = stored.replace(/"checksum":"[^"]*",/, ""); // as version 0.1 wrote it
  await writeFile(file, unsealed.replace(CHECKPOINT, "ee".repeat(32)));
  assert.match(
    ictal("report", ...data(), "--out", join(dir, "x.html")).stderr,
    /dev\/b\/s\/m\/t0 comes from the checkpoint eeee/,
  );
  await writeFile(file, unsealed.replace("{", `{"calibrationHash":"${"ee".repeat(32)}",`));
  for (const words of [["report", "--out", join(dir, "x.html")], ["threshold"]]) {
    const mixed = ictal(...words, ...data());
    assert.equal(mixed.status, 1);
    assert.match(mixed.stderr, /has the calibration (none|e{64}), expected (none|e{64}); predict all recordings again/);
  }
  await writeFile(file, unsealed.replace(/"cacheKey":"[^"]*"/, '"cacheKey":"other"'));
  const other = ictal("report", ...data(), "--out", join(dir, "x.html"));
  assert.match(other.stderr, /comes from the cache other, expected/);
  assert.equal(ictal("report", ...data(), "--allow-other-cache", "--out", join(dir, "x.html")).status, 0);
  await writeFile(file, stored);
});

test("calibrate needs patients to fit on, refuses eval, and its file corrects predictions of the same weights alone", async () => {
  const file = join(dir, "calibration.json");
  const few = ictal("calibrate", ...data().slice(0, 4), "--out", file);
  assert.equal(few.status, 2);
  assert.match(few.stderr, /3 patients, 2 with seizures, are too few to fit a calibration/);
  const sealed = ictal("calibrate", ...data().slice(0, 4), "--split", "eval", "--out", file);
  assert.match(sealed.stderr, /invalid --split eval: a calibration is fitted on dev and used unchanged on eval/);
  assert.equal(ictal("calibrate", ...data().slice(0, 4), "--prevalence", "2", "--out", file).status, 2);
  const absent = ictal(
    "predict",
    ...data().slice(0, 2),
    "--checkpoint",
    dir,
    "--out",
    join(dir, "o"),
    "--calibration",
    file,
  );
  assert.deepEqual([absent.status, absent.stdout], [1, ""]);
  assert.match(absent.stderr, /no .*calibration\.json; write it with: ictal calibrate/);
});

test("a score on dev says what was chosen there, in the report, the threshold search and their JSON", async () => {
  const out = join(dir, "optimism.html");
  const { stdout } = ictal("report", ...data(), "--out", out, "--json");
  const { optimism, prevalence } = JSON.parse(stdout);
  assert.match(optimism, /^optimistic: the epoch \(best sensitivity_at_10fa\) and the thresholds are chosen on dev/);
  assert.ok(prevalence > 0 && prevalence < 1);
  assert.ok((await readFile(out, "utf8")).includes("chosen on dev, which is scored here"));
  assert.match(
    ictal("threshold", ...data(), "--fa", "500").stdout,
    /^optimistic: the epoch .* and the thresholds are chosen on dev/m,
  );
  const unseen = JSON.parse(ictal("report", ...data(), "--split", "eval", "--out", out, "--json").stdout);
  assert.equal(unseen.optimism, null);
});
