import assert from "node:assert/strict";
import { test } from "node:test";
import { readCatalogue, SHARED_V15_PATIENTS } from "../../src/corpus/catalogue.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { Store } from "../../src/store/store.js";

/** A store that lists these keys with these sizes and serves nothing: a catalogue must not read. */
function listingStore(
  sizes: Record<string, number>,
  etags: Record<string, string> = {},
  url = "memory:listing",
): Store {
  const refuse = () => Promise.reject(new Error("a catalogue reads no object"));
  return {
    url,
    async *list(prefix = "") {
      for (const key of Object.keys(sizes).sort()) {
        if (!key.startsWith(prefix)) continue;
        yield { key, size: sizes[key]!, ...(etags[key] ? { etag: etags[key] } : {}) };
      }
    },
    stat: refuse,
    read: refuse,
    open: refuse,
  };
}

function recording(split: string, patient: string, session: string, montage: string, token: string, size = 1000) {
  const stem = `${split}/${patient}/${session}/${montage}/${patient}_${session.slice(0, 4)}_${token}`;
  return { [`${stem}.edf`]: size, [`${stem}.csv`]: 20, [`${stem}.csv_bi`]: 10 };
}

function under(folder: string, sizes: Record<string, number>) {
  return Object.fromEntries(Object.entries(sizes).map(([key, size]) => [folder + key, size]));
}

const corpus = {
  ...recording("train", "aaaaaaac", "s001_2002", "02_tcp_le", "t000", 1000),
  ...recording("train", "aaaaaaad", "s002_2010", "01_tcp_ar", "t001", 1100),
  ...recording("dev", "aaaaaaae", "s001_2003_04_05", "03_tcp_ar_a", "t000", 1200),
};

test("readCatalogue(store) lists once and names recordings by identity with their annotation files", async () => {
  const { recordings, layout, listed, excluded, findings } = await readCatalogue(listingStore(under("edf/", corpus)));
  assert.equal(layout, "tusz-v2");
  assert.deepEqual(
    recordings.map(({ id }) => id),
    [
      "dev/aaaaaaae/s001_2003_04_05/03_tcp_ar_a/t000",
      "train/aaaaaaac/s001_2002/02_tcp_le/t000",
      "train/aaaaaaad/s002_2010/01_tcp_ar/t001",
    ],
  );
  assert.equal(recordings[1]!.edfSize, 1000);
  assert.equal(recordings[1]!.csvBiKey, "edf/train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t000.csv_bi");
  assert.deepEqual(listed.all, { recordings: 3, sessions: 3, patients: 3 });
  assert.deepEqual([excluded, findings], [[], []]);
});

test("readCatalogue(store) finds the same corpus from its root, from edf/, from a prefix and from another bucket", async () => {
  const root = await readCatalogue(listingStore(under("edf/", corpus)));
  const stores: [Store, string?][] = [
    [listingStore(corpus, {}, "/data/tusz/edf")],
    [listingStore(under("deep/tusz/edf/", corpus), {}, "s3://bucket")],
    [listingStore(under("a/edf/", corpus), {}, "s3://bucket"), "a/edf"],
  ];
  for (const [store, prefix] of stores) {
    const found = await readCatalogue(store, prefix === undefined ? {} : { prefix });
    assert.deepEqual(
      found.recordings.map(({ id }) => id),
      root.recordings.map(({ id }) => id),
    );
    assert.equal(found.fingerprint, root.fingerprint);
  }
});

test("readCatalogue(store) takes the split from the store's own address when that is a split's folder", async () => {
  const inside = Object.fromEntries(
    Object.entries(corpus).flatMap(([key, size]) =>
      key.startsWith("train/") ? [[key.slice("train/".length), size]] : [],
    ),
  );
  const narrow = await readCatalogue(listingStore(inside, {}, "/data/tusz/edf/train"));
  const whole = await readCatalogue(listingStore(under("edf/", corpus)), { prefix: "edf/train" });
  assert.deepEqual(
    narrow.recordings.map(({ id }) => id),
    whole.recordings.map(({ id }) => id),
  );
  assert.equal(narrow.recordings[0]!.split, "train");
  assert.equal(narrow.fingerprint, whole.fingerprint);
});

test("readCatalogue(store) changes its fingerprint with any size, with a lost annotation, and not with a limit", async () => {
  const { fingerprint } = await readCatalogue(listingStore(corpus));
  const [first, ...rest] = Object.entries(corpus);
  const grown = await readCatalogue(listingStore({ ...corpus, [first![0]]: first![1] + 1 }));
  assert.notEqual(grown.fingerprint, fingerprint);
  const annotation = rest.find(([key]) => key.endsWith(".csv"))!;
  const { [annotation[0]]: _, ...fewer } = corpus as Record<string, number>;
  assert.notEqual((await readCatalogue(listingStore(fewer))).fingerprint, fingerprint);
  const limited = await readCatalogue(listingStore(corpus), { limit: 2 });
  assert.equal(limited.fingerprint, fingerprint);
  assert.equal(limited.limit, 2);
  assert.ok(!("limit" in (await readCatalogue(listingStore(corpus), { limit: 500 }))), "nothing was cut");
  assert.deepEqual(
    limited.recordings.map(({ split }) => split),
    ["dev", "train"],
  );
});

test("readCatalogue(store) keeps two recordings with one stem apart and reports the stem", async () => {
  const sizes = {
    ...recording("eval", "aaaaaqvx", "s003_2013", "01_tcp_ar", "t000", 1000),
    ...recording("eval", "aaaaaqvx", "s003_2013", "03_tcp_ar_a", "t000", 900),
  };
  const { recordings, findings } = await readCatalogue(listingStore(sizes));
  assert.equal(new Set(recordings.map(({ id }) => id)).size, 2);
  assert.deepEqual(
    findings.map(({ code, severity }) => [code, severity]),
    [["duplicate-stem", "info"]],
  );
});

test("readCatalogue(store) uses neither of two files with one identity and names both", async () => {
  const key = (patient: string) => `edf/train/${patient}/s001_2010/01_tcp_ar/${patient}_s001_t000.edf`;
  const twice = { [`v2.0.0/${key("aaaaaaaa")}`]: "first", [`v2.0.1/${key("aaaaaaaa")}`]: "second" };
  const store = memoryStore({ ...twice, [`v2.0.1/${key("aaaaaaab")}`]: "alone" });
  const { recordings, excluded, findings } = await readCatalogue(store, { layout: "tusz-v2" });
  assert.deepEqual(
    recordings.map(({ patient }) => patient),
    ["aaaaaaab"],
  );
  assert.deepEqual(
    excluded.map(({ id, code }) => [id, code]),
    Object.keys(twice).map((id) => [id, "repeated-identity"]),
  );
  const [found] = findings.filter(({ code }) => code === "repeated-identity");
  assert.ok(found!.file.startsWith("v2.0.1/") && found!.message.includes("v2.0.0/") && found!.severity === "error");
});

test("readCatalogue(store) reports two releases in one listing", async () => {
  const old = "v1.5/edf/train/01_tcp_ar/002/00000258/s002_2003_07_21/00000258_s002_t000.edf";
  const { recordings, excluded, findings } = await readCatalogue(listingStore({ ...corpus, [old]: 2000 }));
  assert.ok(recordings.every(({ edfKey }) => edfKey !== old));
  const [out] = excluded.filter(({ id }) => id === old);
  assert.deepEqual(
    [out!.code, out!.reason],
    ["mixed-releases", "its path is that of tusz-v1.5, the others are of tusz-v2"],
  );
  assert.ok(findings.some(({ code, severity }) => code === "mixed-releases" && severity === "error"));
});

test("readCatalogue(store) names compressed files and reads annotations with upper-case endings", async () => {
  const stem = "edf/train/aaaaaaaa/s001_2010/01_tcp_ar/aaaaaaaa_s001_t00";
  const sizes = {
    [`${stem}0.edf`]: 1000,
    [`${stem}0.CSV_BI`]: 10,
    [`${stem}1.edf.gz`]: 900,
    [`${stem}1.csv_bi.gz`]: 9,
  };
  const { recordings, excluded, findings } = await readCatalogue(listingStore(sizes));
  assert.deepEqual(
    recordings.map(({ csvBiKey }) => csvBiKey),
    [`${stem}0.CSV_BI`],
  );
  assert.deepEqual(
    excluded.map(({ id, code }) => [id, code]),
    [[`${stem}1.edf.gz`, "compressed"]],
  );
  assert.deepEqual(
    findings.map(({ file, code }) => [file, code]),
    [[`${stem}1.csv_bi.gz`, "compressed-annotation"]],
  );
  await assert.rejects(readCatalogue(listingStore({ [`${stem}1.edf.gz`]: 900 })), /holds 1 compressed recordings/);
});

test("readCatalogue(store) reports equal content by size and content ETag, not by a folder's modification times", async () => {
  const [a, b] = Object.keys(corpus).filter((key) => key.endsWith(".edf")) as [string, string];
  const sizes = { ...corpus, [a]: 1000, [b]: 1000 };
  const codes = async (etag: string) =>
    (await readCatalogue(listingStore(sizes, { [a]: etag, [b]: etag }))).findings.map(({ code }) => code);
  assert.deepEqual(await codes("0123456789abcdef0123456789abcdef"), ["duplicate-content"]);
  assert.deepEqual(await codes("3e8-18eac015371efcea"), []);
});

test("readCatalogue(store) excludes what does not fit the layout and reports annotations without a recording", async () => {
  const stray = "train/aaaaaaac/s001_2002/02_tcp_le/aaaaaaac_s001_t009.csv_bi";
  const sizes = { ...corpus, "train/notes/copy.edf": 5, "train/._aaaaaaac.edf": 5, [stray]: 5 };
  const { recordings, excluded, findings } = await readCatalogue(listingStore(sizes));
  assert.equal(recordings.length, 3);
  assert.deepEqual(
    excluded.map(({ id }) => id),
    ["train/._aaaaaaac.edf", "train/notes/copy.edf"],
  );
  assert.match(excluded[0]!.reason, /resource fork/);
  assert.deepEqual(
    findings.map(({ code, file }) => [code, file]),
    [["annotation-without-recording", stray]],
  );
});

test("readCatalogue(store) makes a patient in two splits an error finding", async () => {
  const sizes = { ...corpus, ...recording("eval", "aaaaaaac", "s009_2012", "01_tcp_ar", "t000") };
  const { findings } = await readCatalogue(listingStore(sizes));
  const overlap = findings.find(({ code }) => code === "patient-overlap");
  assert.equal(overlap?.severity, "error");
  assert.match(overlap!.message, /aaaaaaac is in eval and train/);
});

test("readCatalogue(store) excludes the five shared patients of v1.5 from train with the reason", async () => {
  const file = (split: string, patient: string) =>
    `edf/${split}/01_tcp_ar/${patient.slice(3, 6)}/${patient}/s001_2003_07_21/${patient}_s001_t000.edf`;
  const shared = SHARED_V15_PATIENTS[0]!;
  const sizes = { [file("train", shared)]: 1, [file("dev", shared)]: 2, [file("train", "00000258")]: 3 };
  const found = await readCatalogue(listingStore(sizes));
  assert.equal(found.layout, "tusz-v1.5");
  assert.deepEqual(
    found.recordings.map(({ split, patient }) => `${split} ${patient}`),
    [`dev ${shared}`, "train 00000258"],
  );
  assert.match(found.excluded[0]!.reason, /also in dev/);
  assert.equal(found.listed.all!.recordings, 3);
  assert.ok(!found.findings.some(({ code }) => code === "patient-overlap"));
});

test("readCatalogue(store, { splits }) replaces the folders' splits and excludes unlisted patients", async () => {
  const splits = { train: ["aaaaaaae"], dev: ["aaaaaaac"] };
  const { recordings, excluded } = await readCatalogue(listingStore(corpus), { splits });
  assert.deepEqual(
    recordings.map(({ split, patient }) => `${split} ${patient}`),
    ["dev aaaaaaac", "train aaaaaaae"],
  );
  assert.match(excluded[0]!.reason, /no split file/);
});

test("readCatalogue(store) pairs BIDS recordings with their events", async () => {
  const stem = "sub-01/ses-01/eeg/sub-01_ses-01_task-szMonitoring_run-00";
  const { layout, recordings } = await readCatalogue(
    listingStore({ [`${stem}_eeg.edf`]: 9, [`${stem}_events.tsv`]: 3 }),
  );
  assert.equal(layout, "bids");
  assert.equal(recordings[0]!.id, "all/sub-01/ses-01/eeg/task-szMonitoring_run-00");
  assert.equal(recordings[0]!.tsvKey, `${stem}_events.tsv`);
});

test("readCatalogue(store) rejects a folder without recordings with what was listed and what is expected", async () => {
  await assert.rejects(readCatalogue(memoryStore({}, "nothing"), { prefix: "edf/train" }), (error: Error) => {
    assert.match(error.message, /no recordings under memory:nothing\/edf\/train: it holds nothing/);
    return error.name === "NotFoundError";
  });
  await assert.rejects(
    readCatalogue(memoryStore({ "a.csv": "", "b.txt": "" })),
    /1 annotation files and 1 other files[\s\S]*tusz-v2: .*s001_2002/,
  );
});

test("readCatalogue(store, { layout }) rejects a layout that no recording fits, with the first reason", async () => {
  const store = listingStore({ "night_1.edf": 5 });
  await assert.rejects(
    readCatalogue(store, { layout: "tusz-v2" }),
    /none of the 1 recordings .* The first, night_1.edf: path is too short/,
  );
});
