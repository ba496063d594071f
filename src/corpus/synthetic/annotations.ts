import type { Event, Interval } from "../../base/events.js";
import { TCP_PAIRS } from "../../base/ten-twenty.js";
import { writeCsv, writeCsvBi } from "../../recording/annotation-write.js";
import type { SyntheticRecording } from "./recording-table.js";

/** What the annotation files say of a seizure. */
export interface LabelledSeizure extends Interval {
  readonly type: string;
}

/** Position (0..1) in a seizure at which it reaches a bipolar channel; `undefined` where it never does. */
export type OnsetAt<Seizure> = (seizure: Seizure, pair: string) => number | undefined;

/** One row of an annotation file. */
type Row = Event & { readonly channel: string };

/** Length of the single background row that TUSZ files without seizures usually have. */
const STUB_SECONDS = 1.0551;

const row = (channel: string, startSeconds: number, endSeconds: number, label: string): Row => ({
  ...{ channel, startSeconds, endSeconds, label },
  confidence: 1,
});

/** Rows of the `.csv_bi` file: the seizures; a stub of background when there is none, or all of it in some files. */
function binaryRows(recording: SyntheticRecording<string>, seizures: readonly LabelledSeizure[]): Row[] {
  if (recording.traits.includes("background-rows")) return alternate("TERM", seizures, recording, () => "seiz");
  if (seizures.length === 0) return [row("TERM", 0, STUB_SECONDS, "bckg")];
  return seizures.map(({ startSeconds, endSeconds }) => row("TERM", startSeconds, endSeconds, "seiz"));
}

/**
 * Rows of the `.csv` file: every bipolar channel of the montage from start to end, with the seizure's type once it is
 * reached.
 */
function channelRows<Seizure extends LabelledSeizure>(
  recording: SyntheticRecording<string>,
  seizures: readonly Seizure[],
  onsetAt: OnsetAt<Seizure>,
): Row[] {
  const pairs = TCP_PAIRS.map((pair) => pair.join("-")).filter(
    (pair) => recording.montage !== "03_tcp_ar_a" || !/\bA[12]\b/.test(pair),
  );
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
  seizures: readonly LabelledSeizure[],
  { durationSeconds }: SyntheticRecording<string>,
  labelOf: (seizure: LabelledSeizure) => string,
): Row[] {
  const rows: Row[] = [];
  let cursor = 0;
  for (const seizure of seizures) {
    if (seizure.startSeconds > cursor) rows.push(row(channel, cursor, seizure.startSeconds, "bckg"));
    rows.push(row(channel, seizure.startSeconds, seizure.endSeconds, labelOf(seizure)));
    cursor = seizure.endSeconds;
  }
  if (cursor < durationSeconds) rows.push(row(channel, cursor, durationSeconds, "bckg"));
  return rows;
}

/** Texts of the `.csv` and the `.csv_bi` file with the header lines of TUSZ v2, whose duration has two decimals. */
export function annotationTexts<Seizure extends LabelledSeizure>(
  name: string,
  recording: SyntheticRecording<string>,
  seizures: readonly Seizure[],
  onsetAt: OnsetAt<Seizure>,
): { csv: string; csvBi: string } {
  const headerLines = [
    "# version = csv_v1.0.0",
    `# bname = ${name}`,
    `# duration = ${recording.durationSeconds.toFixed(2)} secs`,
    "# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt",
    "#",
  ];
  return {
    csv: writeCsv({ headerLines, events: channelRows(recording, seizures, onsetAt) }),
    csvBi: writeCsvBi({ headerLines, events: binaryRows(recording, seizures) }),
  };
}
