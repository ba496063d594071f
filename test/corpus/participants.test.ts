import assert from "node:assert/strict";
import { test } from "node:test";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { parseParticipants } from "../../src/corpus/participants.js";
import { memoryStore } from "../../src/store/memory-store.js";

function corpus(participants: string | undefined, subjects = ["01", "02", "03"], root = "") {
  const files = subjects.map(
    (name) => [`${root}sub-${name}/eeg/sub-${name}_task-rest_eeg.edf`, new Uint8Array(8)] as const,
  );
  const own =
    participants === undefined ? [] : [[`${root}participants.tsv`, new TextEncoder().encode(participants)] as const];
  return memoryStore(Object.fromEntries([...files, ...own]));
}

async function splitsOf(participants: string | undefined, subjects?: string[], root?: string) {
  const { recordings, findings } = await readCatalogue(corpus(participants, subjects, root));
  const own = findings.filter(({ code }) => code === "participants");
  return {
    splits: recordings.map(({ patient, split }) => `${patient} ${split}`).sort(),
    ids: recordings.map(({ id }) => id.split("/")[0]),
    findings: own.map(({ severity, message }) => `${severity}: ${message}`),
  };
}

test("a split column of participants.tsv gives the patients their splits, in any place and in other words", async () => {
  const text = "\uFEFFparticipant_id\tage\tSplit\r\nsub-01\t3\ttraining\r\nsub-02\tn/a\tVal\r\n03\t5\ttest\r\n";
  for (const root of ["", "data/set/"]) {
    const { splits, ids, findings } = await splitsOf(text, undefined, root);
    assert.deepEqual(splits, ["sub-01 train", "sub-02 dev", "sub-03 eval"]);
    assert.deepEqual(new Set(ids), new Set(["all"])); // a cache stays what it was
    assert.deepEqual(findings, []);
  }
});

test("participants.tsv without splits changes nothing, also where group means patients and controls", async () => {
  const all = ["sub-01 all", "sub-02 all", "sub-03 all"];
  for (const text of [
    undefined,
    "participant_id\tage\nsub-01\t3\nsub-02\t3\nsub-03\t3\n",
    "participant_id\tgroup\nsub-01\tpatient\nsub-02\tcontrol\nsub-03\tcontrol\n",
  ]) {
    const { splits, findings } = await splitsOf(text);
    assert.deepEqual([splits, findings], [all, []]);
  }
  const grouped = await splitsOf("participant_id\tgroup\nsub-01\ttrain\nsub-02\tdev\nsub-03\ttest\n");
  assert.deepEqual(grouped.splits, ["sub-01 train", "sub-02 dev", "sub-03 eval"]);
});

test("participants.tsv that contradicts the folders is an error for each kind of it", async () => {
  const head = "participant_id\tsplit\n";
  const found = async (rows: string) => (await splitsOf(head + rows)).findings;
  assert.deepEqual(await found("sub-01\ttrain\nsub-02\tdev\n"), [
    "error: folders without a row, so without a split: sub-03",
  ]);
  assert.deepEqual(await found("sub-01\ttrain\nsub-02\tdev\nsub-03\tB\n"), [
    'error: its split is none of train, dev, eval (or validation, test): sub-03 ("B")',
  ]);
  assert.deepEqual(await found("sub-01\ttrain\nsub-02\tdev\nsub-03\tdev\nsub-03\ttrain\n"), [
    "error: sub-03 has two rows, as dev and as train",
  ]);
  assert.deepEqual(await found("sub-01\ttrain\nsub-02\tdev\nsub-03\teval\nsub-04\teval\n"), [
    "warning: rows without a folder: sub-04",
  ]);
});

test("parseParticipants(text) without participant_id has no rows", () => {
  assert.equal(parseParticipants("id\tsplit\nsub-01\ttrain\n", "p").rows.size, 0);
});

test("participants.tsv in doubt is a warning: no table, an empty one, a column split without splits, other patients", async () => {
  const rows = (cell: string) => ["01", "02", "03"].map((name) => `sub-${name}\t${cell}\n`).join("");
  for (const [text, message] of [
    ["", /^warning: it is empty; it gives no patient a split$/],
    [
      "participant_id,split\nsub-01,train\n",
      /^warning: its first line has no column participant_id, with tabs .*"participant_id,split"/,
    ],
    [
      `participant_id\tsplit\n${rows("foo0")}`,
      /^warning: its column split names no split train, dev or eval: "foo0"; it gives/,
    ],
    ["participant_id\tage\nsub-01\t3\n", /^warning: folders without a row: sub-02, sub-03$/],
    [`participant_id\tage\n${rows("3")}sub-04\t5\n`, /^warning: rows without a folder: sub-04$/],
  ] as const) {
    const { splits, findings } = await splitsOf(text);
    assert.deepEqual(splits, ["sub-01 all", "sub-02 all", "sub-03 all"]);
    assert.equal(findings.length, 1, findings.join());
    assert.match(findings[0]!, message);
  }
});
