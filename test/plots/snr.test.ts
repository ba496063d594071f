import assert from "node:assert/strict";
import { test } from "node:test";
import { snrSensitivity } from "../../src/plots/snr.js";

test("snrSensitivity(detectors) draws a line with Wilson intervals for each, and nothing where there are no seizures", () => {
  const point = { seizures: 10, patients: 5, falseAlarms: 2, hours: 1.5 };
  const { data, layout } = snrSensitivity({
    ours: [
      { ...point, snrDb: -6, detected: 0 },
      { ...point, snrDb: 0, detected: 10 },
      { ...point, snrDb: 6, detected: 0, seizures: 0 },
    ],
    theirs: [],
  });
  const [line] = data as { y: number[]; error_y: { array: number[]; arrayminus: number[] }; text: string[] }[];
  assert.deepEqual(line!.y, [0, 1, null]);
  assert.deepEqual(
    line!.error_y.array.map((value) => Math.round(1000 * value)),
    [278, 0, 0],
  );
  assert.deepEqual(
    line!.error_y.arrayminus.map((value) => Math.round(1000 * value)),
    [0, 278, 0],
  );
  assert.match(line!.text[0]!, /0 of 10 seizures, 5 patients, 2 false alarms in 1.50 h/);
  assert.deepEqual([data.length, layout.showlegend], [2, true]);
});
