import assert from "node:assert/strict";
import { test } from "node:test";
import { sensitivityBySnr } from "../../src/scoring/snr-sensitivity.js";

const at = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

test("sensitivityBySnr(pairs) counts seizures that any detection overlaps, and detections that overlap none, by level", () => {
  const pair = (snrDb: number, patient: string, detections: ReturnType<typeof at>[]) => ({
    ...{ snrDb, patient, detections, durationSeconds: 1800, seizures: [at(100, 130)] },
  });
  const points = sensitivityBySnr([
    pair(6, "a", [at(120, 125), at(126, 140)]),
    pair(-6, "a", [at(130, 140)]),
    pair(-6, "b", [at(90, 100.5), at(500, 510)]),
    pair(6, "b", []),
  ]);
  assert.deepEqual(points, [
    { snrDb: -6, seizures: 2, detected: 1, patients: 2, falseAlarms: 2, hours: 1 },
    { snrDb: 6, seizures: 2, detected: 1, patients: 2, falseAlarms: 0, hours: 1 },
  ]);
  assert.deepEqual(sensitivityBySnr([]), []);
});
