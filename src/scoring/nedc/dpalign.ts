import type { Interval } from "../../base/events.js";
import type { NedcCounts } from "./counts.js";

/** Labels in time: 1 per event, 0 per stretch of background between, before and after. Events sorted and disjoint. */
export function labelSequence(events: readonly Interval[], durationSeconds: number): Uint8Array {
  const labels: number[] = [];
  let cursor = 0;
  for (const { startSeconds, endSeconds } of events) {
    if (startSeconds > cursor) labels.push(0);
    labels.push(1);
    cursor = endSeconds;
  }
  if (cursor < durationSeconds) labels.push(0);
  return Uint8Array.from(labels);
}

/** State of the best alignment of two prefixes, one column per hypothesis prefix. */
interface Row {
  readonly cost: Uint32Array;
  readonly hits: Uint32Array;
  readonly inserted: Uint32Array;
}

function createRow(columns: number): Row {
  return { cost: new Uint32Array(columns), hits: new Uint32Array(columns), inserted: new Uint32Array(columns) };
}

/** Fills `row` for one more reference label from the row before it. */
function nextRowInto(row: Row, before: Row, truth: number, labels: Uint8Array, wanted: number): void {
  row.cost[0] = before.cost[0]! + 1;
  row.hits[0] = 0;
  row.inserted[0] = 0;
  for (let j = 1; j <= labels.length; j++) {
    const label = labels[j - 1]!;
    const paired = before.cost[j - 1]! + (label === truth ? 0 : 1);
    const deleted = before.cost[j]! + 1;
    const inserted = row.cost[j - 1]! + 1;
    if (paired <= deleted && paired <= inserted) {
      row.cost[j] = paired;
      row.hits[j] = before.hits[j - 1]! + (label === truth && truth === wanted ? 1 : 0);
      row.inserted[j] = before.inserted[j - 1]!;
    } else if (deleted <= inserted) {
      row.cost[j] = deleted;
      row.hits[j] = before.hits[j]!;
      row.inserted[j] = before.inserted[j]!;
    } else {
      row.cost[j] = inserted;
      row.hits[j] = row.hits[j - 1]!;
      row.inserted[j] = row.inserted[j - 1]! + (label === wanted ? 1 : 0);
    }
  }
}

/**
 * Alignment of label sequences (NEDC DPALIGN): cheapest edit by insertion, deletion and substitution at 1 each, time ignored.
 * For label `wanted` (1 seizure, 0 background) a match is a hit, an insertion a false alarm, and a deletion or substitution
 * of a target a miss. Among equally cheap edits a pair goes before a deletion, a deletion before an insertion. Memory grows
 * with the hypothesis alone.
 */
export function alignLabels(reference: Uint8Array, hypothesis: Uint8Array, wanted: 0 | 1 = 1): NedcCounts {
  let before = createRow(hypothesis.length + 1);
  let row = createRow(hypothesis.length + 1);
  for (let j = 1; j <= hypothesis.length; j++) {
    before.cost[j] = j;
    before.inserted[j] = before.inserted[j - 1]! + (hypothesis[j - 1] === wanted ? 1 : 0);
  }
  let targets = 0;
  for (const truth of reference) {
    if (truth === wanted) targets += 1;
    nextRowInto(row, before, truth, hypothesis, wanted);
    [before, row] = [row, before];
  }
  const hits = before.hits[hypothesis.length]!;
  return { targets, hits, misses: targets - hits, falseAlarms: before.inserted[hypothesis.length]! };
}

/** DPALIGN of the seizure label for the events of one recording. */
export function scoreAlignment(
  reference: readonly Interval[],
  hypothesis: readonly Interval[],
  durationSeconds: number,
): NedcCounts {
  return alignLabels(labelSequence(reference, durationSeconds), labelSequence(hypothesis, durationSeconds));
}
