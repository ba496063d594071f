/** One rule for labels in doubt: every reader of annotations gives one verdict on one folder. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { buildCache } from "../../src/cache/build.js";
import { openCache } from "../../src/cache/open.js";
import { buildText } from "../../src/cli/build-cache.js";
import { pairTrees, readScoreTree } from "../../src/cli/score-tree.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { checkCorpusAnnotations } from "../../src/corpus/check-corpus-annotations.js";
import { checkAnnotationFiles } from "../../src/recording/check-annotation-files.js";
import { FINDING_CODES, type FindingCode, invalidatesLabels } from "../../src/recording/finding.js";
import { folderStore } from "../../src/store/folder-store.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { idOf, makeObjects, stemOf, writeObjects } from "../cache/made-corpus.js";
import { GAP_SECONDS, SECONDS as KIND_SECONDS, kindObjects, patientOf as kindPatient } from "../cache/made-kinds.js";

type Ending = "csv" | "csv_bi" | "tse" | "tse_bi" | "CSV_BI";
interface Case {
  /** Text of each annotation file; NAME stands for the recording's own. */
  readonly files: Partial<Record<Ending, string>>;
  readonly code: FindingCode;
}

const SECONDS = 20;
const COLUMNS = "channel,start_time,stop_time,label,confidence";
const csv = (rows: string, { seconds = SECONDS, bname = "NAME" } = {}) =>
  `# version = csv_v1.0.0\n# bname = ${bname}\n# duration = ${seconds.toFixed(4)} secs\n#\n${COLUMNS}\n${rows}`;
const tse = (rows: string) => `version = tse_v1.0.0\n\n${rows}`;
const SEIZURE = "TERM,4.0000,8.0000,seiz,1.0000\n";
const SILENCE = "TERM,0.0000,20.0000,bckg,1.0000\n";

/** What hides or invents a seizure, by what is wrong. */
const DOUBTS: Record<string, Case> = {
  "times in milliseconds": { files: { csv_bi: csv("TERM,4000,8000,seiz,1\n") }, code: "starts-past-the-end" },
  "times in milliseconds that begin inside": { files: { csv_bi: csv("TERM,10,8000,seiz,1\n") }, code: "past-the-end" },
  "times in samples without a duration": {
    files: { tse_bi: tse("0 8 bckg 1\n8 2000 seiz 1\n") },
    code: "past-the-end",
  },
  "times as clock text": { files: { csv_bi: csv("TERM,12:00:04,12:00:08,seiz,1\n") }, code: "time-not-a-number" },
  "a time before the start": { files: { csv_bi: csv("TERM,-4,8,seiz,1\n") }, code: "negative-time" },
  "an end before its start": { files: { csv_bi: csv("TERM,8,4,seiz,1\n") }, code: "reversed" },
  "a truncated row": { files: { csv_bi: csv(`${SILENCE}TERM,4.0`) }, code: "row-width" },
  "times and duration in minutes": {
    files: { csv_bi: csv("TERM,0.07,0.14,seiz,1\n").replace("20.0000 secs", "0.3333 min") },
    code: "duration-unreadable",
  },
  "a column line alone": { files: { csv_bi: csv("") }, code: "labels-incomplete" },
  "an unknown label": { files: { csv_bi: csv("TERM,4,8,siez,1\n") }, code: "unknown-label" },
  "an empty file": { files: { csv_bi: "" }, code: "unreadable" },
  "a web page": { files: { csv_bi: "<html>log in</html>" }, code: "unreadable" },
  "columns of another table": { files: { csv_bi: "name,age\nx,3\n" }, code: "not-annotations" },
  "seizures in csv only": {
    files: { csv: csv(SEIZURE.replace("seiz", "fnsz")), csv_bi: csv(SILENCE) },
    code: "seizures-in-one-file-only",
  },
  "seizures in csv_bi only": { files: { csv: csv(SILENCE), csv_bi: csv(SEIZURE) }, code: "seizures-in-one-file-only" },
  "different seizures in csv and csv_bi": {
    files: { csv: csv("TERM,12,16,fnsz,1\n"), csv_bi: csv(SEIZURE) },
    code: "seizures-differ",
  },
  "tse against csv_bi": {
    files: { tse: tse("0 4 bckg 1\n4 8 fnsz 1\n8 20 bckg 1\n"), csv_bi: csv(SILENCE) },
    code: "seizures-in-one-file-only",
  },
  "tse_bi against csv_bi": {
    files: { tse_bi: tse("0 12 bckg 1\n12 16 seiz 1\n"), csv_bi: csv(SEIZURE) },
    code: "seizures-differ",
  },
  "an ignored row in the file that does not give the times": {
    files: { csv: csv("TERM,8,4,fnsz,1\n"), csv_bi: csv(SILENCE) },
    code: "reversed",
  },
  "another recording's duration": { files: { csv_bi: csv(SEIZURE, { seconds: 18 }) }, code: "duration-differs" },
  "another recording's name": {
    files: { csv_bi: csv(SEIZURE, { bname: "aaaaaaaz_s009_t000" }) },
    code: "bname-differs",
  },
  "seizure and background at once": { files: { csv_bi: csv(SILENCE + SEIZURE) }, code: "contradictory-rows" },
  "an upper-case ending": { files: { CSV_BI: csv("TERM,8,4,seiz,1\n") }, code: "reversed" },
  "a seizure without a length": { files: { csv_bi: csv(`TERM,4,4,seiz,1\n${SILENCE}`) }, code: "zero-length" },
};

/** What is odd and changes nothing about the seizures. */
const SOUND: Record<string, Partial<Record<Ending, string>>> = {
  plain: { csv_bi: csv(SEIZURE) },
  "rows with a few seconds between": { csv_bi: csv(`TERM,0,3,bckg,1\n${SEIZURE}TERM,9,15,bckg,1\n`) },
  "background alone": { csv_bi: csv(SILENCE) },
  "a blank name": { csv_bi: csv(SEIZURE, { bname: "" }) },
  "a name of another form": { csv_bi: csv(SEIZURE, { bname: "patient 7" }) },
  "a name with folder and ending": { csv_bi: csv(SEIZURE, { bname: "/data/NAME.edf" }) },
  "a duration a little longer": { csv_bi: csv("TERM,4,20.9,seiz,1\n", { seconds: 20.9 }) },
  "rounding at the end": { csv_bi: csv("TERM,4,20.001,seiz,1\n") },
  "rounding between files": { csv: csv("TERM,4.01,8.01,fnsz,1\n"), csv_bi: csv(SEIZURE) },
  "artefacts over background": { csv: csv(`${SILENCE}TERM,4,8,artf,1\n`) },
  "tse alone": { tse: tse("0 4 bckg 1\n4 8 fnsz 1\n8 20 bckg 1\n") },
  "tse beside csv_bi": { tse: tse("4 8 fnsz 1\n"), csv_bi: csv(SEIZURE) },
  "upper-case labels": { csv_bi: csv(SEIZURE.replace("seiz", "SEIZ")) },
};

const NAMES = [...Object.keys(DOUBTS), ...Object.keys(SOUND)];
const patientOf = (name: string) => `aaaaaa${[...`${10 + NAMES.indexOf(name)}`].map((d) => "abcdefghij"[+d]).join("")}`;
const filesOf = (name: string) => DOUBTS[name]?.files ?? SOUND[name]!; // a name is of one of the two

test("annotations check, corpus check, cache and score give one verdict on every doubt about labels", async (t) => {
  const root = await temporaryFolder(t);
  const [edf] = Object.values(makeObjects([{ patient: "made", seconds: SECONDS }]));
  const keyOf = (name: string) => `${stemOf({ patient: patientOf(name), seconds: SECONDS })}.edf`;
  await writeObjects(root, Object.fromEntries(NAMES.map((name) => [keyOf(name), edf!])));
  for (const name of NAMES) {
    const stem = stemOf({ patient: patientOf(name), seconds: SECONDS });
    for (const [ending, text] of Object.entries(filesOf(name)))
      await writeFile(join(root, `${stem}.${ending}`), text.replaceAll("NAME", stem.slice(stem.lastIndexOf("/") + 1)));
  }
  const store = folderStore(root);
  const catalogue = await readCatalogue(store);
  const rows = await checkCorpusAnnotations(store, catalogue);
  const cacheDir = join(root, "cache");
  const report = await buildCache({ store, catalogue, cacheDir, workers: 1, accept: ["row-width"] });
  const cache = await openCache(cacheDir);
  const tree = await readScoreTree(join(root, "edf"), "--ref");
  const { pairs, refused, missing } = pairTrees(tree, new Map(), 0.1);
  const text = buildText({ report, refused: [], doubtful: report.doubtful, isComplete: false });
  for (const name of NAMES) {
    const [id, stem] = [idOf, stemOf].map((of) => of({ patient: patientOf(name), seconds: SECONDS })) as [
      string,
      string,
    ];
    const wanted = DOUBTS[name]?.code;
    const inCorpus = rows.find((row) => row.id === id)!;
    const inFiles = await checkAnnotationFiles(join(root, `${stem}.edf`));
    const codes = (found: readonly { code: FindingCode; severity: "error" | "warning" | "info" }[]) =>
      [...new Set(found.filter(invalidatesLabels).map(({ code }) => code))].sort();
    const expected = wanted === undefined ? [] : [wanted];
    assert.deepEqual(codes(inCorpus.findings), expected, `${name}: corpus`);
    assert.deepEqual(codes(inFiles.findings), expected, `${name}: files`);
    assert.equal(inCorpus.status, wanted ? "unknown" : "labelled", `${name}: corpus`);
    assert.equal(inFiles.unknownSeconds, wanted ? SECONDS : 0, `${name}: files`);
    assert.equal(inFiles.backgroundSeconds + inFiles.seizureSeconds, wanted ? 0 : SECONDS, `${name}: files`);
    const sidecar = await cache.sidecar(id);
    assert.deepEqual([sidecar.labelled, wanted ? sidecar.seizures : []], [!wanted, []], `${name}: cache`);
    const doubtful = report.doubtful.filter((each) => each.id === id);
    assert.deepEqual([...new Set(doubtful.map(({ finding }) => finding.code))], expected, `${name}: build`);
    assert.ok(doubtful.every(({ accepted, finding }) => accepted === (finding.code === "row-width")));
    if (wanted) assert.ok(text.includes(`unknown labels in ${id} (${wanted}): `), `${name}: text of the build`);
    const isRefused = refused.some((each) => stem.endsWith(each.id) && each.side === "reference");
    const counts = wanted === "zero-length" || wanted === undefined; // event lists count rows without a length
    assert.deepEqual([isRefused, pairs.some((pair) => stem.endsWith(pair.id))], [!counts, counts], `${name}: score`);
  }
  assert.equal(missing.length, pairs.length);
});

test("times behind a gap are judged by the recording's own time, in every reader and by every rule for gaps", async (t) => {
  const root = await temporaryFolder(t);
  const names = ["edf-c-jump", "edf-d-gap"];
  await writeObjects(root, kindObjects(names));
  const span = KIND_SECONDS + GAP_SECONDS;
  const label = async (seconds: number) => {
    for (const name of names) {
      const stem = stemOf({ patient: kindPatient(name), seconds: KIND_SECONDS });
      await writeFile(join(root, `${stem}.csv_bi`), csv(`TERM,13,15,seiz,1\n`, { seconds, bname: "" }));
    }
    const store = folderStore(root);
    const catalogue = await readCatalogue(store);
    const cacheDir = join(root, `cache-${seconds}`);
    const [inCorpus, inFiles] = [await checkCorpusAnnotations(store, catalogue), await checkAnnotationFiles(root)];
    const { doubtful } = await buildCache({ store, catalogue, cacheDir, workers: 0, gaps: "split" });
    const tree = await readScoreTree(join(root, "edf"), "--ref");
    return [
      inCorpus.map(({ status, seizures }) => [status, seizures.length]),
      [inFiles.seizureCount, inFiles.unknownSeconds],
      doubtful.map(({ finding }) => finding.code).sort(),
      pairTrees(tree, new Map(), 0.1).pairs.map(({ durationSeconds }) => durationSeconds),
    ];
  };
  const labelled = ["labelled", 1];
  assert.deepEqual(await label(span), [[labelled, labelled], [2, 0], [], [span, span]]);
  const unknown = ["unknown", 0];
  const doubts = ["duration-differs", "starts-past-the-end"];
  assert.deepEqual(await label(KIND_SECONDS), [[unknown, unknown], [0, 2 * span], [...doubts, ...doubts].sort(), []]);
});

test("every code that can put labels in doubt has a case, but for those that need no recording beside them", () => {
  const covered = new Set(Object.values(DOUBTS).map(({ code }) => code));
  const couldDoubt = FINDING_CODES.filter(
    (code) => invalidatesLabels({ code, severity: "error" }) && !covered.has(code),
  );
  const neverErrors = ["channel-not-term", "duration-missing", "duration-repeated", "duration-unknown"];
  const alsoNever = ["label-not-binary", "no-annotation", "no-binary-annotation", "unions-differ"];
  assert.deepEqual(couldDoubt.sort(), [...neverErrors, ...alsoNever, "durations-differ"].sort());
});
