import type { Data } from "plotly.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";
import { type LabelledRow, typeColor } from "./seizure-labels.js";

/** A recording with its patient and session. */
export interface SessionRow extends LabelledRow {
  readonly patient: string;
  readonly session: string;
  readonly montage: string;
  readonly token: string;
}

/** The patient with most recordings with seizures, then most seizures, then the first by id. */
export function busiestPatient(rows: readonly SessionRow[]): string {
  const counts = new Map<string, { recordings: number; seizures: number }>();
  for (const { patient, seizures } of rows) {
    const { recordings, seizures: before } = counts.get(patient) ?? { recordings: 0, seizures: 0 };
    const more = seizures.length > 0 ? 1 : 0;
    counts.set(patient, { recordings: recordings + more, seizures: before + seizures.length });
  }
  const [first] = [...counts].sort(
    ([a, m], [b, n]) => n.recordings - m.recordings || n.seizures - m.seizures || (a < b ? -1 : 1),
  );
  if (!first) throw new RangeError("invalid rows: empty");
  return first[0];
}

/**
 * One patient's sessions from top to bottom, the recordings of each end to end with a fixed gap between them, since the real
 * gap is unknown. Seizures are coloured by type. RangeError when no row is the patient's.
 */
export function patientTimeline(rows: readonly SessionRow[], patient: string, caption: Caption = {}): Figure {
  const own = rows.filter((row) => row.patient === patient);
  if (own.length === 0) throw new RangeError(`invalid patient: ${patient}; no recording is of this patient`);
  const placed = placeEndToEnd(own);
  const total = own.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  const types = [...new Set(own.flatMap(({ seizures }) => seizures.map(({ label }) => label)))].sort();
  const data: Data[] = [
    bars(
      "recorded",
      placed.map(({ row, at }) => ({
        session: row.session,
        ...{ from: at, seconds: row.durationSeconds },
        text: `${row.token}, ${row.montage}, ${Math.round(row.durationSeconds)} s, ${row.status}`,
        color: row.status === "unknown" ? "rgba(138,143,152,0.25)" : "rgba(86,180,233,0.35)",
      })),
      0.5,
    ),
    ...types.map((type) =>
      bars(
        type,
        placed.flatMap(({ row, at }) =>
          row.seizures
            .filter(({ label }) => label === type)
            .map(({ startSeconds, endSeconds }) => ({
              session: row.session,
              ...{ from: at + startSeconds, seconds: endSeconds - startSeconds },
              text: `${type} in ${row.token} from ${startSeconds.toFixed(1)} to ${endSeconds.toFixed(1)} s`,
              color: typeColor(type),
            })),
        ),
        0.8,
      ),
    ),
  ];
  const sessions = new Set(own.map(({ session }) => session)).size;
  const seizures = own.reduce((sum, row) => sum + row.seizures.length, 0);
  return makeFigure(
    `Patient ${patient}: ${seizures} seizures in ${(total / 3600).toFixed(1)} h`,
    data,
    {
      barmode: "overlay",
      height: Math.max(260, 170 + 26 * sessions),
      xaxis: axis("minutes of recording within the session"),
      yaxis: axis("", { autorange: "reversed", type: "category", tickfont: { size: 10 } }),
    },
    caption,
  );
}

const GAP_SHARE = 0.01; // of the longest session, between two recordings

function placeEndToEnd(rows: readonly SessionRow[]): { row: SessionRow; at: number }[] {
  const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  const lengths = new Map<string, number>();
  for (const { session, durationSeconds } of sorted)
    lengths.set(session, (lengths.get(session) ?? 0) + durationSeconds);
  const gap = GAP_SHARE * Math.max(...lengths.values());
  const ends = new Map<string, number>();
  return sorted.map((row) => {
    const at = ends.get(row.session) ?? 0;
    ends.set(row.session, at + row.durationSeconds + gap);
    return { row, at };
  });
}

interface Bar {
  readonly session: string;
  readonly from: number;
  readonly seconds: number;
  readonly text: string;
  readonly color: string;
}

function bars(name: string, items: readonly Bar[], width: number): Data {
  const minutes = (seconds: number) => Math.round((seconds / 60) * 1e4) / 1e4;
  return {
    type: "bar",
    orientation: "h",
    name,
    y: items.map(({ session }) => session),
    base: items.map(({ from }) => minutes(from)),
    x: items.map(({ seconds }) => minutes(seconds)),
    text: items.map(({ text }) => text),
    textposition: "none",
    marker: { color: items.map(({ color }) => color) },
    hovertemplate: "%{text}<br>%{y}<extra></extra>",
    width,
  } as Data; // @types/plotly.js has no `base` of numbers for bars
}
