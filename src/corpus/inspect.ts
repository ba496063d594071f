import { isIctalError } from "@ictal/base/errors";
import type { Progress } from "@ictal/base/progress";
import { mapConcurrent } from "../base/concurrent.js";
import { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
import { type EndpointsApart, endpointsApart, spanSecondsOf } from "../recording/edf-timeline.js";
import type { Finding } from "../recording/finding.js";
import { recordingReadError } from "../recording/recording-files.js";
import type { Store } from "../store/store.js";
import type { Catalogue } from "./catalogue.js";
import { entrySource } from "./entry-source.js";
import { type RecordingLabels, readLabels } from "./labels.js";
import type { RecordingEntry } from "./recording-entry.js";

/** Header and labels of one recording; without a header the file is not readable as a recording. */
export interface Inspected {
  readonly entry: RecordingEntry;
  readonly header?: EdfHeader;
  readonly labels: RecordingLabels;
}

/** How the files of a corpus are read. */
export interface InspectOptions {
  /** Recordings inspected at a time. @default 16 */
  readonly concurrency?: number | undefined;
  /** Read the seizure rows of channels too. @default false */
  readonly perChannel?: boolean | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Read header and labels of every recording of a catalogue, in its order. Errors of files are findings; errors of the
 * store are thrown.
 */
export async function inspectRecordings(
  store: Store,
  catalogue: Catalogue,
  { concurrency = 16, perChannel, progress, signal }: InspectOptions = {},
): Promise<Inspected[]> {
  const { recordings } = catalogue;
  let done = 0;
  const inspect = async (entry: RecordingEntry) => {
    const inspected = await inspectRecording(store, entry, { perChannel, signal });
    done += 1;
    progress?.update({ label: "check", done, total: recordings.length, unit: "recordings" });
    return inspected;
  };
  const results = await mapConcurrent(recordings, concurrency, inspect, signal);
  progress?.finish();
  return results;
}

async function inspectRecording(
  store: Store,
  entry: RecordingEntry,
  { perChannel, signal }: Pick<InspectOptions, "perChannel" | "signal">,
): Promise<Inspected> {
  let header: EdfHeader;
  let apart: EndpointsApart | undefined;
  try {
    const source = entrySource(store, entry, signal);
    header = await readEdfHeader(source);
    apart = await endpointsApart(source, header);
  } catch (error) {
    if (!isIctalError(error, "FormatError")) throw error;
    const unknown = { id: entry.id, durationSeconds: 0, seizures: [], status: "unknown" as const };
    return { entry, labels: { ...unknown, findings: [recordingReadError(entry.edfKey, error)] } };
  }
  const span = spanSecondsOf(header, apart);
  const durationSeconds = Number.isFinite(span) ? span : 0;
  const labels = await readLabels(store, entry, { durationSeconds, perChannel, ...(signal ? { signal } : {}) });
  const findings = [
    ...headerFindings(entry.edfKey, header),
    ...(apart ? [gapFinding(entry.edfKey, header, apart)] : []),
    ...labels.findings,
  ];
  return { entry, header, labels: { ...labels, findings } };
}

/** Gaps by the timestamps at both ends: the only part of a check that reads beyond the header. */
function gapFinding(file: string, { kind }: EdfHeader, { startSeconds, expectedSeconds }: EndpointsApart): Finding {
  const isMarked = kind.endsWith("+D");
  const where = isMarked ? "" : " in a file marked continuous";
  return {
    ...{ file, code: "recording-gaps", severity: isMarked ? "warning" : "error" },
    message: `the last record starts at ${startSeconds} s, ${expectedSeconds} s expected${where}: the recording has gaps, or its records overlap`,
    action: "ictal edf info counts them; a build excludes the recording, or keeps its segments with data.gaps: split",
  };
}

/** Errors among the diagnostics of the header, such as a truncated file. */
function headerFindings(file: string, { diagnostics }: EdfHeader): Finding[] {
  return diagnostics.flatMap(({ code, severity, message }) =>
    severity === "error" || severity === "fatal"
      ? [
          {
            ...{ file, code: "recording-fault", severity: "error" },
            message: `${code}: ${message}`,
            action: "download the recording again; ictal edf info shows its header",
          },
        ]
      : [],
  );
}
