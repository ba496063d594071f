import assert from "node:assert/strict";
import { test } from "node:test";
import { asCalled, nameCall } from "@ictal/base/call-name";

test("messages name the program's commands as they can be called, and nothing else that has its name", () => {
  const text =
    "ictal: run ictal train again, npx ictal predict, see @ictal train, ictal against interictal, results/ictal train";
  assert.equal(asCalled(text), text, "before anything is named");
  nameCall("ictal", "npx ictal", ["train", "predict"]);
  assert.equal(
    asCalled(text),
    "ictal: run npx ictal train again, npx ictal predict, see @ictal train, ictal against interictal, results/ictal train",
  );
  assert.equal(asCalled("ictal training; (ictal train)"), "ictal training; (npx ictal train)");
});
