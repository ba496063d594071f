import { TCP_PAIRS } from "./head.js";
import type { PlannedRecording } from "./plan.js";
import { onsetAt, type PlannedSeizure } from "./seizures.js";

/** One row of an annotation file. */
export interface AnnotationRow {
  readonly channel: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly label: string;
  readonly confidence: number;
}

/** Length of the only background row that TUSZ files without seizures tend to have. */
const STUB_SECONDS = 1.0551;

const row = (channel: string, startSeconds: number, endSeconds: number, label: string): AnnotationRow => ({
  ...{ channel, startSeconds, endSeconds, label },
  confidence: 1,
});

/** Rows of the `.csv_bi` file: the seizures; a stub of background when there is none, or all of it in some files. */
export function recordRows(recording: PlannedRecording, seizures: readonly PlannedSeizure[]): AnnotationRow[] {
  if (recording.peculiarities.includes("background-rows")) return alternate("TERM", seizures, recording, () => "seiz");
  if (seizures.length === 0) return [row("TERM", 0, STUB_SECONDS, "bckg")];
  return seizures.map(({ startSeconds, endSeconds }) => row("TERM", startSeconds, endSeconds, "seiz"));
}

/** Rows of the `.csv` file: every bipolar channel of the montage from start to end, with the seizure's type once it is reached. */
export function channelRows(recording: PlannedRecording, seizures: readonly PlannedSeizure[]): AnnotationRow[] {
  const pairs = TCP_PAIRS.filter((pair) => recording.montage !== "03_tcp_ar_a" || !/\bA[12]\b/.test(pair));
  return pairs.flatMap((pair) => {
    const reached = seizures.flatMap((seizure) => {
      const onset = onsetAt(seizure, pair);
      if (onset === undefined) return [];
      const startSeconds = seizure.startSeconds + onset * (seizure.endSeconds - seizure.startSeconds);
      return [{ ...seizure, startSeconds: Math.round(startSeconds * 10_000) / 10_000 }];
    });
    return alternate(pair, reached, recording, ({ type }) => type);
  });
}

function alternate(
  channel: string,
  seizures: readonly PlannedSeizure[],
  { durationSeconds }: PlannedRecording,
  labelOf: (seizure: PlannedSeizure) => string,
): AnnotationRow[] {
  const rows: AnnotationRow[] = [];
  let cursor = 0;
  for (const seizure of seizures) {
    if (seizure.startSeconds > cursor) rows.push(row(channel, cursor, seizure.startSeconds, "bckg"));
    rows.push(row(channel, seizure.startSeconds, seizure.endSeconds, labelOf(seizure)));
    cursor = seizure.endSeconds;
  }
  if (cursor < durationSeconds) rows.push(row(channel, cursor, durationSeconds, "bckg"));
  return rows;
}

/** The text of a file in the form of TUSZ v2. */
export function annotationText(name: string, durationSeconds: number, rows: readonly AnnotationRow[]): string {
  const lines = rows.map(({ channel, startSeconds, endSeconds, label, confidence }) =>
    [channel, startSeconds.toFixed(4), endSeconds.toFixed(4), label, confidence.toFixed(4)].join(","),
  );
  return [
    "# version = csv_v1.0.0",
    `# bname = ${name}`,
    `# duration = ${durationSeconds.toFixed(2)} secs`,
    "# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt",
    "#",
    "channel,start_time,stop_time,label,confidence",
    ...lines,
    "",
  ].join("\n");
}
