/** When seizures come: intervals between them, and the hour of the day and of the recording. */
import type { Data } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";
import type { SessionRow } from "./patient-timeline.js";

/** A recording with its patient and, where the header tells it, its start. */
export interface TimedRow extends Pick<SessionRow, "id" | "patient" | "durationSeconds" | "status" | "seizures"> {
  /** Local `YYYY-MM-DDTHH:MM:SS`; exactly midnight counts as unknown. */
  readonly startDateTime?: string | undefined;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Upper ends of the groups of intervals in seconds. */
const INTERVAL_GROUPS: readonly (readonly [end: number, name: string])[] = [
  [MINUTE, "under 1 min"],
  [5 * MINUTE, "1 to 5 min"],
  [15 * MINUTE, "5 to 15 min"],
  [HOUR, "15 to 60 min"],
  [6 * HOUR, "1 to 6 h"],
  [DAY, "6 to 24 h"],
  [Number.POSITIVE_INFINITY, "over 24 h"],
];

/** Three seizures in 24 hours are a cluster, the most usual definition (Haut, Curr Opin Neurol 28:143, 2015). */
const CLUSTER = { seizures: 3, seconds: DAY } as const;

interface Timed {
  readonly start: number;
  readonly end: number;
}

/** Seconds of a local time on a calendar without summer time. */
function secondsOf(startDateTime: string): number {
  return Date.parse(`${startDateTime}Z`) / 1000;
}

/** A start of exactly midnight stands for one that was withheld, as in TUSZ. */
function knownStart({ startDateTime }: TimedRow): string | undefined {
  return startDateTime?.endsWith("T00:00:00") ? undefined : startDateTime;
}

/** Seizures on one time axis each: of a patient where the recordings' starts are known, else of one recording. */
function sequences(rows: readonly TimedRow[]): { patient: string; seizures: Timed[] }[] {
  const known = new Map<string, { patient: string; seizures: Timed[] }>();
  for (const row of rows) {
    const { id, patient, seizures } = row;
    const start = knownStart(row);
    const key = start === undefined ? `recording ${id}` : `patient ${patient}`;
    const offset = start === undefined ? 0 : secondsOf(start);
    const found = known.get(key) ?? { patient, seizures: [] };
    for (const { startSeconds, endSeconds } of seizures)
      found.seizures.push({ start: offset + startSeconds, end: offset + endSeconds });
    known.set(key, found);
  }
  for (const { seizures } of known.values()) seizures.sort((a, b) => a.start - b.start);
  return [...known.values()];
}

/** Seconds from the end of each seizure to the start of the patient's next; seizures that overlap have none. */
export function seizureGaps(rows: readonly TimedRow[]): number[] {
  return sequences(rows).flatMap(({ seizures }) =>
    seizures.slice(1).flatMap(({ start }, i) => {
      const gap = start - seizures[i]!.end;
      return gap >= 0 ? [gap] : [];
    }),
  );
}

/** Patients with three seizures or more within 24 hours. */
export function patientsWithClusters(rows: readonly TimedRow[]): string[] {
  const found = sequences(rows).filter(({ seizures }) =>
    seizures.some(({ start }, i) => {
      const last = seizures[i + CLUSTER.seizures - 1];
      return last !== undefined && last.start - start <= CLUSTER.seconds;
    }),
  );
  return [...new Set(found.map(({ patient }) => patient))].sort();
}

/**
 * Histogram of the time from a seizure's end to the same patient's next; across recordings where their starts are known, else
 * within each recording.
 */
export function seizureIntervals(rows: readonly TimedRow[], caption: Caption = {}): Figure {
  const gaps = seizureGaps(rows);
  const clustered = patientsWithClusters(rows).length;
  const seizing = new Set(rows.filter(({ seizures }) => seizures.length > 0).map(({ patient }) => patient)).size;
  const soon = gaps.filter((gap) => gap < HOUR).length;
  const counts = INTERVAL_GROUPS.map(
    ([end], i) => gaps.filter((gap) => gap < end && gap >= (INTERVAL_GROUPS[i - 1]?.[0] ?? 0)).length,
  );
  const data: Data[] = [
    {
      type: "bar",
      x: INTERVAL_GROUPS.map(([, name]) => name),
      y: counts,
      text: counts.map((count) => String(count || "")),
      textposition: "auto",
      marker: { color: COLORS.blue },
      hovertemplate: "%{x}: %{y} intervals<extra></extra>",
    },
  ];
  const total = rows.reduce((sum, { seizures }) => sum + seizures.length, 0);
  const clusters = `${clustered} of ${seizing} patients with ${CLUSTER.seizures} or more in 24 h`;
  return makeFigure(
    gaps.length === 0
      ? "No seizure follows another"
      : `${soon} of ${total} seizures follow within an hour; ${clusters}`,
    data,
    {
      showlegend: false,
      xaxis: axis("from a seizure's end to the patient's next", { type: "category" }),
      yaxis: axis("intervals", { tickformat: ",d" }),
    },
    caption,
  );
}

/** Recorded seconds and seizure onsets in each hour. */
interface HourCount {
  recorded: number;
  onsets: number;
}

function addRecording(
  hours: Map<number, HourCount>,
  row: TimedRow,
  offset: number,
  hourOf: (hour: number) => number,
): void {
  const at = (second: number) => {
    const hour = hourOf(Math.floor(second / HOUR));
    const found = hours.get(hour) ?? { recorded: 0, onsets: 0 };
    hours.set(hour, found);
    return found;
  };
  const end = offset + row.durationSeconds;
  for (let from = offset; from < end; ) {
    const to = Math.min(end, HOUR * (Math.floor(from / HOUR) + 1));
    at(from).recorded += to - from;
    from = to;
  }
  for (const { startSeconds } of row.seizures) at(offset + startSeconds).onsets += 1;
}

/** Hours with less than this share of an hour recorded have no rate: one seizure in a minute is not sixty in an hour. */
const LEAST_RECORDED = 1 / 6;

const rateOf = ({ recorded, onsets }: HourCount) =>
  recorded < LEAST_RECORDED * HOUR ? null : Math.round((100 * onsets * HOUR) / recorded) / 100;

const OWN_AXIS = "hour of the recording";
const RATE_AXIS = "onsets an hour";

function hourBars(hours: ReadonlyMap<number, HourCount>, name: string, which: 1 | 2): Data {
  const sorted = [...hours].sort(([a], [b]) => a - b);
  return {
    type: "bar",
    name,
    x: sorted.map(([hour]) => (which === 1 ? hour : hour + 1)),
    y: sorted.map(([, count]) => rateOf(count)),
    text: sorted.map(([, { onsets, recorded }]) => `${onsets} in ${(recorded / HOUR).toFixed(2)} h`),
    textposition: "none",
    marker: { color: which === 1 ? COLORS.blue : COLORS.orange },
    hovertemplate: `${name} %{x}: %{text} (%{y} an hour)<extra></extra>`,
    xaxis: which === 1 ? "x" : "x2",
    yaxis: which === 1 ? "y" : "y2",
  };
}

function hourFinding(recording: ReadonlyMap<number, HourCount>, clock: ReadonlyMap<number, HourCount>): string {
  const highest = (hours: ReadonlyMap<number, HourCount>) =>
    [...hours]
      .map(([hour, count]) => ({ hour, rate: rateOf(count) ?? -1 }))
      .sort((a, b) => b.rate - a.rate || a.hour - b.hour)[0];
  const [day, own] = [highest(clock), highest(recording)];
  if (day && day.rate > 0)
    return `Most seizures an hour recorded: ${day.rate.toFixed(1)} between ${day.hour} and ${day.hour + 1} o'clock`;
  if (own && own.rate > 0)
    return `Most seizures an hour recorded: ${own.rate.toFixed(1)} in hour ${own.hour + 1} of the recording`;
  return "No seizure, or too little recorded in any hour";
}

/**
 * Seizure onsets per recorded hour, by hour of the day (of recordings whose start is known) and by hour since the recording's start.
 * Only labelled recordings count; hours with under ten minutes recorded have no bar; without a known start there is no panel of the day.
 */
export function seizureHours(rows: readonly TimedRow[], caption: Caption = {}): Figure {
  const recording = new Map<number, HourCount>();
  const clock = new Map<number, HourCount>();
  for (const row of rows.filter(({ status }) => status === "labelled")) {
    addRecording(recording, row, 0, (hour) => hour);
    const start = knownStart(row);
    if (start !== undefined) addRecording(clock, row, secondsOf(start), (hour) => hour % 24);
  }
  const own = hourBars(recording, "hour of recording", 2);
  const ownAxis = { tickformat: ",d", rangemode: "tozero", ...(recording.size < 12 ? { dtick: 1 } : {}) };
  if (clock.size === 0) {
    const axes = { xaxis2: axis(OWN_AXIS, ownAxis), yaxis2: axis(RATE_AXIS, { rangemode: "tozero", anchor: "x2" }) };
    return makeFigure(hourFinding(recording, clock), [own], { showlegend: false, ...axes }, caption);
  }
  const data = [hourBars(clock, "hour of day", 1), own];
  const layout = {
    height: 480,
    showlegend: false,
    xaxis: axis("hour of day", { range: [-0.6, 23.6], dtick: 3, anchor: "y" }),
    yaxis: axis(RATE_AXIS, { domain: [0.6, 1], rangemode: "tozero" }),
    xaxis2: axis(OWN_AXIS, { ...ownAxis, anchor: "y2" }),
    yaxis2: axis(RATE_AXIS, { domain: [0, 0.38], rangemode: "tozero" }),
  };
  return makeFigure(hourFinding(recording, clock), data, layout, caption);
}
