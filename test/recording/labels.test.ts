import assert from "node:assert/strict";
import { test } from "node:test";
import { ANNOTATION_LABELS, hedScoreOf, labelClassOf, labelOfHedScore } from "../../src/recording/labels.js";

test("labelClassOf knows every seizure type, mysz included, and that nesz is not a seizure", () => {
  for (const label of ["seiz", "fnsz", "gnsz", "spsz", "cpsz", "absz", "tnsz", "cnsz", "tcsz", "atsz", "mysz"]) {
    assert.equal(labelClassOf(label), "seizure", label);
  }
  assert.equal(labelClassOf("bckg"), "background");
  for (const label of ["nesz", "spkz", "eyem_musc"]) assert.equal(labelClassOf(label), "other", label);
});

test("labelClassOf stops on an unknown label with file, line and the nearest known name", () => {
  assert.throws(
    () => labelClassOf("fsnz", { file: "a.csv", line: 9 }),
    /a\.csv:9: unknown label "fsnz".*did you mean "fnsz"/,
  );
  assert.throws(() => labelClassOf("SEIZ"), /did you mean "seiz"/);
  assert.throws(() => labelClassOf("x".repeat(10_000)), { tag: "FormatError" });
  assert.throws(() => labelClassOf("toString"), { tag: "FormatError" });
});

test("HED-SCORE types map both ways, with hyphens or underscores, more specific types to the broader known one", () => {
  for (const { label, hedScore } of ANNOTATION_LABELS) if (hedScore) assert.equal(labelOfHedScore(hedScore), label);
  assert.equal(labelOfHedScore("sz-foc-ia"), "cpsz");
  assert.equal(labelOfHedScore("sz_gen_m_tonicClonic"), "tcsz");
  assert.equal(labelOfHedScore("sz_foc_ia_m_automatisms"), "cpsz");
  assert.equal(labelOfHedScore("movement"), undefined);
  assert.equal(hedScoreOf("spkz"), undefined);
});
