import assert from "node:assert/strict";
import { test } from "node:test";
import { selectObjects, unmatchedNames } from "../../src/store/pull-selection.js";

const keys = [
  "edf/",
  "edf/dev/p1/a.csv_bi",
  "edf/dev/p1/a.edf",
  "edf/dev/p2/b.EDF",
  "edf/train/p3/c.bdf",
  "edf/readme",
];
const objects = keys.map((key) => ({ key, size: key.endsWith("/") ? 0 : 1 }));
const taken = (selection: Parameters<typeof selectObjects>[1]) =>
  selectObjects(objects, selection).map(({ key }) => key);

test("a selection takes extensions in any case, folders, keys, and recordings with what lies beside them", () => {
  assert.deepEqual(taken({}), keys.slice(1));
  assert.deepEqual(taken({ only: ["edf"] }), ["edf/dev/p1/a.edf", "edf/dev/p2/b.EDF"]);
  assert.deepEqual(taken({ only: [".CSV_BI"] }), ["edf/dev/p1/a.csv_bi"]);
  assert.deepEqual(taken({ splits: ["train"] }), ["edf/train/p3/c.bdf"]);
  assert.deepEqual(taken({ splits: ["dev"], patients: ["p2"] }), ["edf/dev/p2/b.EDF"]);
  assert.deepEqual(taken({ keys: ["edf/readme"] }), ["edf/readme"]);
  assert.deepEqual(taken({ limit: 1 }), ["edf/dev/p1/a.csv_bi", "edf/dev/p1/a.edf"]);
  assert.deepEqual(unmatchedNames(objects, { splits: ["dev", "eval"], patients: ["a.edf"] }), ["eval", "a.edf"]);
});
