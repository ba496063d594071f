import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import { annotationReadError } from "../../src/recording/read-error.js";
import { shownChannel, shownName, shownTime } from "../../src/recording/shown-text.js";

const HIDDEN = /^text of \d+ characters$/;

test("a name is shown when it is one slip from a known one", () => {
  for (const text of ["fnsz", "fsnz", "fnszz", "FNS"]) assert.equal(shownName(text, ["fnsz"]), `"${text}"`);
  for (const text of ["Jane", "Doe called at 10", "", "fnsz".repeat(20)])
    assert.match(shownName(text, ["fnsz"]), HIDDEN);
});

test("times and channels are shown in their own form alone", () => {
  for (const text of ["4000", "-1.5e3", "12:00:04", "300 minutes", "1,5", "NaN", "n/a", ""])
    assert.equal(shownTime(text), text);
  for (const text of ["Doe", "4 May Jane Doe", "12 Downing Street"]) assert.match(shownTime(text), HIDDEN);
  for (const text of ["TERM", "FP1-F7", "CZ"]) assert.equal(shownChannel(text), text);
  for (const text of ["Doe", "FP1-Jane", ""]) assert.match(shownChannel(text), HIDDEN);
});

const header = "# version = csv_v1.0.0\n# duration = DOE secs\n#\nchannel,start_time,stop_time,label,confidence\n";

test("no finding of annotations quotes free text, whichever field holds it", () => {
  const row = ["TERM", "1", "2", "seiz", "1.0"];
  for (const field of row.keys()) {
    const fields = row.map((text, i) => (i === field ? "Jane Doe, 12 May 1961".replace(",", "") : text));
    for (const format of ["csv", "csv_bi"] as const) {
      const text = `${header}${row.join(",")}\n${fields.join(",")}\n${fields.join(",")}\n`;
      const findings = () => {
        try {
          return readAnnotations(text, { file: "x", format }).findings;
        } catch (error) {
          return [annotationReadError("x", error)];
        }
      };
      const reported = JSON.stringify(findings());
      assert.doesNotMatch(reported, /jane|doe|1961/i, `${format}, field ${field}`);
    }
  }
});
