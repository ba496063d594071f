/** Channels as a choice: pairs, lists and labels in the cache, whatever form the recordings have. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentProgress } from "@ictal/base/progress";
import { buildCache } from "../../src/cache/build.js";
import { openCache } from "../../src/cache/open.js";
import { recordingFile } from "../../src/cache/paths.js";
import { lackingInWords, surveyRecordings } from "../../src/cache/recording-survey.js";
import { buildConfigured } from "../../src/cli/build-cache.js";
import { parseConfig } from "../../src/config/load-config.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { type ChainOptions, DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { montageOf } from "../../src/signal/montages.js";
import { memoryStore } from "../../src/store/memory-store.js";
import {
  CHB_DUMMIES,
  CHB_LABELS,
  CHB_REFERENTIAL,
  chbCorpus,
  makeEdf,
  SIENA_LABELS,
  seizeit2Corpus,
} from "../corpus/made-field.js";
import { temporaryFolder } from "./made-cache.js";
import { type Objects, writeObjects } from "./made-corpus.js";

const BANANA: ChainOptions = { ...DEFAULT_CHAIN, reference: "double_banana" };

async function build(context: TestContext, objects: Objects, chain: ChainOptions) {
  const store = memoryStore(objects);
  const catalogue = await readCatalogue(store);
  const cacheDir = await temporaryFolder(context);
  const report = await buildCache({ store, catalogue, cacheDir, chain, workers: 0 });
  const cache = await openCache(cacheDir);
  const samples = (id: string) => readFile(join(report.folder, recordingFile(id, "int16")));
  const survey = await surveyRecordings({
    store,
    recordings: catalogue.recordings,
    chain,
    sampleType: "int16",
    cacheDir,
  });
  return { report, cache, samples, survey };
}

test("a cache of the double banana holds the same samples from pairs, from pairs among dummies and from electrodes", async (context) => {
  const forms = { pairs: CHB_LABELS, dummies: CHB_DUMMIES, common: CHB_REFERENTIAL, siena: SIENA_LABELS };
  const objects = Object.fromEntries(
    Object.entries(forms).map(([name, labels]) => [`${name}_1.edf`, makeEdf({ labels, seconds: 12, seed: 9 })]),
  );
  const { report, cache, samples, survey } = await build(context, objects, BANANA);
  assert.deepEqual(report.excluded, []);
  assert.deepEqual(survey.lacking, []);
  assert.deepEqual(
    cache.folder.channels,
    montageOf("double_banana").channels.map(({ name }) => name),
  );
  const pairs = await samples("all/pairs/root/any/1");
  assert.equal(pairs.length, 18 * 2560 * 2 * 2);
  for (const name of ["dummies", "common", "siena"])
    assert.ok(pairs.equals(await samples(`all/${name}/root/any/1`)), name);
});

test("electrodes cannot be had from CHB-MIT's pairs: told before the build, with the files and what to set", async (context) => {
  const { report, survey } = await build(context, chbCorpus(12), DEFAULT_CHAIN);
  assert.equal(report.built, 1); // chb02_27 is referential
  assert.deepEqual(new Set(report.excluded.map(({ code }) => code)), new Set(["missing-electrodes"]));
  assert.equal(survey.recordings, 5);
  assert.match(
    lackingInWords(survey) ?? "",
    /^4 of 5 recordings lack channels \(all\/chb01\/chb01\/any\/01, .*16\+\): .*pairs of electrodes \(FP1-F7, F7-T3, T3-T5, T5-O1, …\); missing channels FP1, .*; set preprocessing\.reference to double_banana/,
  );
});

test("cache build and train stop before the work where no recording has the channels, unless that is accepted", async (context) => {
  const dir = await temporaryFolder(context);
  const { "chb02/chb02_27.edf": _referential, ...pairs } = chbCorpus(12);
  await writeObjects(join(dir, "chb"), pairs);
  const text = `data: { dataset: chb_mit, data_dir: ${dir}/chb, cache_dir: ${dir}/cache }`;
  const { config } = parseConfig(text, "a.yaml", { environment: {} });
  const options = { progress: silentProgress, signal: new AbortController().signal, workers: 1 };
  await assert.rejects(buildConfigured(config, options), {
    tag: "ConfigError",
    message: /^4 of 4 recordings lack channels .*; set preprocessing\.reference to double_banana$/,
  });
  assert.deepEqual((await readdir(dir)).sort(), ["chb"]);
  const { report, refused } = await buildConfigured(config, { ...options, accept: ["missing-electrodes"] });
  assert.deepEqual([report.built, report.excluded.length, refused.length], [0, 4, 0]);
});

test("a list takes electrodes, pairs and labels in its order, and a recording without one of them is named", async (context) => {
  const chain: ChainOptions = { ...DEFAULT_CHAIN, channels: ["FP1-C3", "FT9-FT10", "T7-P7"] };
  const { report, cache, survey } = await build(context, chbCorpus(12), chain);
  assert.deepEqual(cache.folder.channels, ["FP1-C3", "FT9-FT10", "T3-T5"]);
  assert.equal(report.built, 3);
  assert.deepEqual(
    survey.lacking.map(({ id }) => id),
    ["all/chb02/chb02/any/16+", "all/chb02/chb02/any/27"],
  );
  assert.match(survey.lacking[0]!.reason, /missing channels FT9-FT10: .*list the pairs that all recordings have/);
  assert.match(survey.lacking[1]!.reason, /needs FT9 FT10, which the recording lacks/);
  const wearable = await build(context, seizeit2Corpus(), {
    ...DEFAULT_CHAIN,
    channels: ["BTEleft SD", "crosstop sd"],
  });
  assert.equal(wearable.report.built, 1);
  assert.deepEqual(wearable.cache.folder.channels, ["BTEleft SD", "crosstop sd"]);
});

test("a pair that is constant is flat, and electrodes as listed are the same samples as by default", async (context) => {
  const labels = ELECTRODES_19.map((name) => `EEG ${name}-Ref`);
  const objects = { "a_1.edf": makeEdf({ labels, seconds: 12 }) };
  const usual = await build(context, objects, DEFAULT_CHAIN);
  const listed = await build(context, objects, { ...DEFAULT_CHAIN, channels: [...ELECTRODES_19] });
  assert.ok((await usual.samples("all/a/root/any/1")).equals(await listed.samples("all/a/root/any/1")));
  const dead = {
    "a_1.edf": makeEdf({ labels: CHB_LABELS.map((label) => (label === "CZ-PZ" ? "-" : label)), seconds: 12 }),
  };
  const { cache } = await build(context, dead, { ...BANANA, reference: "recorded", channels: ["FP1-F7", "-"] });
  assert.deepEqual((await cache.sidecar("all/a/root/any/1")).flat, [false, true]);
});
