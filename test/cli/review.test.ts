import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { entrySource } from "../../src/corpus/entry-source.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { folderStore } from "../../src/store/folder-store.js";
import { writePrediction } from "../../src/training/prediction-store.js";
import { runVerb } from "./verb-thread.js";

const CHECKPOINT = "ab".repeat(32);
let dir: string;
let corpus: string;
let ids: string[];

function ictal(...args: string[]) {
  const { status, stdout, stderr } = runVerb(["review", ...args]);
  return { status, stdout, stderr };
}

const data = () => ["--data-dir", corpus];

async function predict(
  folder: string,
  options: { only?: number; checkpointHash?: (i: number) => string; calibrationHash?: string; seconds?: number } = {},
) {
  const store = folderStore(corpus);
  const { recordings } = await readCatalogue(store);
  const dev = recordings.filter(({ split }) => split === "dev").slice(0, options.only);
  for (const [i, entry] of dev.entries()) {
    const seconds = options.seconds ?? (await readEdfHeader(entrySource(store, entry))).durationSeconds;
    const probability = Float32Array.from({ length: Math.ceil(4 * seconds) }, (_, k) => (k > 8 && k < 40 ? 0.95 : 0.1));
    const checkpointHash = options.checkpointHash?.(i) ?? CHECKPOINT;
    const calibration = options.calibrationHash && i === 0 ? { calibrationHash: options.calibrationHash } : {};
    await writePrediction(
      folder,
      { id: entry.id, rateHz: 4, probability },
      { checkpointHash, ...calibration, cacheKey: "0123456789abcdef", type: "float16" },
    );
  }
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "ictal-review-cli-"));
  corpus = join(dir, "corpus");
  await synthesizeCorpus(corpus, { seed: 3, recordings: 9, maxDurationSeconds: 30 });
  ids = (await readCatalogue(folderStore(corpus))).recordings
    .filter(({ split }) => split === "dev")
    .map(({ id }) => id);
  await predict(join(dir, "predictions"));
});

after(() => rm(dir, { recursive: true, force: true }));

test("review writes a page per recording under the name that score's report links to, and a list", async () => {
  const out = join(dir, "review");
  const { status, stdout, stderr } = ictal(
    ...data(),
    "--predictions",
    join(dir, "predictions"),
    "--out",
    out,
    "--json",
  );
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(report.recordings, ids.length);
  const list = await readFile(join(out, "index.html"), "utf8");
  for (const id of ids) {
    const name = `${id.replaceAll("/", "--")}.html`;
    assert.ok(existsSync(join(out, name)), name);
    assert.ok(list.includes(name));
  }
});

test("review --recording writes that page and leaves the list of others alone", async () => {
  const out = join(dir, "one");
  await mkdir(out);
  await writeFile(join(out, "index.html"), "mine");
  const { status, stdout } = ictal(...data(), "--recording", ids[0]!, "--out", out, "--json");
  assert.equal(status, 0);
  assert.deepEqual([JSON.parse(stdout).recordings, JSON.parse(stdout).pages[0].missed], [1, null]);
  assert.equal(await readFile(join(out, "index.html"), "utf8"), "mine");
});

test("review finds the other splits beside a data_dir that is one split's folder, as the configurations have it", () => {
  const train = ["--data-dir", join(corpus, "edf", "train")];
  const out = join(dir, "beside");
  const dev = ictal(...train, "--predictions", join(dir, "predictions"), "--out", out, "--json");
  assert.equal(dev.status, 0, dev.stderr);
  assert.equal(JSON.parse(dev.stdout).recordings, ids.length);
  const one = ictal(...train, "--recording", ids[0]!, "--out", out, "--json");
  assert.equal(JSON.parse(one.stdout).pages[0].id, ids[0]);
  const none = ictal(...train, "--split", "test", "--out", out);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /invalid --split test: the corpus has train/);
});

test("an unknown recording is wrong use and names the nearest; so is a split that is not there", () => {
  const id = ids[0]!;
  const wrong = ictal(...data(), "--recording", `${id.slice(0, -1)}9`, "--out", join(dir, "x"));
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /invalid --recording .*; nearest: dev\//);
  const split = ictal(...data(), "--split", "test", "--out", join(dir, "x"));
  assert.equal(split.status, 2);
  assert.match(split.stderr, /invalid --split test: the corpus has dev, eval, train/);
});

test("a corpus without splits is refused with the word that reviews all of it", async () => {
  const flat = join(dir, "flat");
  const [first] = (await readCatalogue(folderStore(corpus))).recordings;
  await mkdir(flat);
  await cp(join(corpus, first!.edfKey), join(flat, "a_1.edf"));
  const { status, stderr } = ictal("--data-dir", flat, "--out", join(dir, "x"));
  assert.deepEqual(
    [status, stderr],
    [2, "ictal: invalid --split dev: the corpus has all; --split all reviews every recording\n"],
  );
});

test("predictions that are not there are told: the folder, one recording, all recordings", async () => {
  const absent = ictal(...data(), "--predictions", join(dir, "nowhere"), "--out", join(dir, "x"));
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /no folder of predictions at .*nowhere; create it with: ictal predict/);
  const empty = join(dir, "empty");
  await mkdir(empty);
  const unread = ictal(...data(), "--predictions", empty, "--out", join(dir, "unread"));
  assert.match(unread.stderr, /none of the \d+ recordings of dev has a prediction/);
  assert.ok(!existsSync(join(dir, "unread")), "told before a recording is read");
  const one = ictal(...data(), "--predictions", empty, "--recording", ids[0]!, "--out", join(dir, "x"));
  assert.match(one.stderr, new RegExp(`no prediction of ${ids[0]}`));
  const some = join(dir, "some");
  await predict(some, { only: 1 });
  const { status, stdout } = ictal(...data(), "--predictions", some, "--out", join(dir, "x"), "--json");
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout).unpredicted.sort(), ids.slice(1));
});

test("predictions of another cache, of two checkpoints and of another length are refused with both values", async () => {
  const config = join(dir, "config.yaml");
  await writeFile(config, `data: { data_dir: ${corpus}, cache_dir: ${dir}/cache }\n`);
  const args = ["--config", config, "--predictions", join(dir, "predictions"), "--out", join(dir, "x")];
  const other = ictal(...args);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /comes from the cache 0123456789abcdef, the configuration's is [0-9a-f]{16}/);
  assert.equal(ictal(...args, "--allow-other-cache").status, 0);
  const mixed = join(dir, "mixed");
  await predict(mixed, { checkpointHash: (i) => (i === 0 ? CHECKPOINT : "cd".repeat(32)) });
  assert.match(
    ictal(...data(), "--predictions", mixed, "--out", join(dir, "x")).stderr,
    /checkpoint cdcdcdcdcdcd, the prediction of dev\/.* is abababababab/,
  );
  const half = join(dir, "half");
  await predict(half, { calibrationHash: "ef".repeat(32) });
  assert.match(
    ictal(...data(), "--predictions", half, "--out", join(dir, "x")).stderr,
    /has the calibration (none|efefefefefef), the prediction of dev\/.* (none|efefefefefef); predict all/,
  );
  const short = join(dir, "short");
  await predict(short, { seconds: 5 });
  assert.match(
    ictal(...data(), "--predictions", short, "--out", join(dir, "x")).stderr,
    /ends at 5\.0 s, the recording at/,
  );
});

test("a split of which no recording can be read is told by the recordings' own fault, not as one without predictions", async () => {
  const broken = join(dir, "broken");
  await cp(corpus, broken, { recursive: true });
  for (const { edfKey, split } of (await readCatalogue(folderStore(corpus))).recordings)
    if (split === "dev") await writeFile(join(broken, edfKey), "no EDF".repeat(100));
  const flags = ["--data-dir", broken, "--predictions", join(dir, "predictions"), "--out", join(dir, "broken-pages")];
  const { status, stdout, stderr } = ictal(...flags);
  assert.equal(status, 1, stderr);
  assert.match(stdout, /0 review pages.*\n\d+ without a page, e\.g\. dev\/.*not an EDF or BDF file/);
});

test("a corpus without recordings is refused by name", async () => {
  const none = join(dir, "none");
  await mkdir(none);
  const { status, stderr } = ictal("--data-dir", none, "--out", join(dir, "x"));
  assert.equal(status, 1);
  assert.match(stderr, /none/);
});

test("review --checkpoint without predictions is wrong use", () => {
  const { status, stderr } = ictal(...data(), "--checkpoint", join(dir, "x"), "--out", join(dir, "x"));
  assert.equal(status, 2);
  assert.match(stderr, /--checkpoint needs --predictions/);
});
