import type { Event } from "../base/events.js";
import { detectedSeizures, type TypedPair } from "./breakdown.js";

/** A pair whose detections have types where a detector gives them. */
export interface TypedDetections extends TypedPair {
  readonly typedHypothesis?: readonly Event[];
}

/** Which type a seizure was taken for. */
export interface TypeConfusion {
  /** Types of the reference, by name, and last "background". */
  readonly rows: readonly string[];
  /** "missed", then labels of the detections by name. */
  readonly columns: readonly string[];
  /** `[row][column]` events; a false alarm stands in the row "background". */
  readonly counts: readonly (readonly number[])[];
}

const sharedSeconds = (a: Event, b: Event) =>
  Math.min(a.endSeconds, b.endSeconds) - Math.max(a.startSeconds, b.startSeconds);

function labelFor(seizure: Event, found: readonly Event[]): string {
  let [label, most] = ["missed", 0];
  for (const event of found) {
    const seconds = sharedSeconds(seizure, event);
    if (seconds > most) [label, most] = [event.label, seconds];
  }
  return label;
}

/**
 * Each seizure by its type and by the label of the detection that shares most time with it; detections that share none with
 * any seizure are false alarms. Detectors that only say "seizure" have one column beside "missed".
 */
export function typeConfusion(pairs: readonly TypedDetections[]): TypeConfusion {
  const cells: [row: string, column: string][] = [];
  for (const pair of pairs) {
    const found = pair.typedHypothesis ?? pair.hypothesis.map((event) => ({ ...event, label: "seiz", confidence: 1 }));
    const seizures = detectedSeizures(pair).map(({ seizure }) => seizure);
    for (const seizure of seizures) cells.push([seizure.label, labelFor(seizure, found)]);
    for (const event of found)
      if (seizures.every((seizure) => sharedSeconds(seizure, event) <= 0)) cells.push(["background", event.label]);
  }
  const rest = (names: readonly string[], special: string) =>
    [...new Set(names)].filter((name) => name !== special).sort();
  const rows = [
    ...rest(
      cells.map(([row]) => row),
      "background",
    ),
    "background",
  ];
  const columns = [
    "missed",
    ...rest(
      cells.map(([, column]) => column),
      "missed",
    ),
  ];
  const counts = rows.map((row) => columns.map((column) => cells.filter(([r, c]) => r === row && c === column).length));
  return { rows, columns, counts };
}
