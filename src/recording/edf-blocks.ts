import { UnsupportedError } from "../base/errors.js";
import type { ByteSource } from "./byte-source.js";
import { placeOf } from "./edf-decode.js";
import type { EdfHeader } from "./edf-header.js";
import { type RecordRange, readRecords, recordsPerBlock } from "./edf-records.js";
import { readTimeline, recordStartIn, type TimelineReader } from "./edf-timeline.js";
import { openRecordDecoder } from "./record-decoder.js";

/** Samples of whole records, one array per requested signal, in microvolts. The arrays belong to the caller, unless reused. */
export interface EdfBlock {
  readonly startRecord: number;
  readonly recordCount: number;
  /** Seconds from the recording's first sample; for EDF+D gaps are counted. */
  readonly startSeconds: number;
  /** `samples[k]` has `recordCount * samplesPerRecord` values of the k-th requested signal, at its own rate. */
  readonly samples: Float32Array[];
}

export interface BlockOptions extends Omit<RecordRange, "buffers"> {
  /** Indices into `header.signals`, any order. RangeError on one that does not exist. */
  readonly signals: readonly number[];
  /**
   * What a gap in an EDF+D file does: "refuse" throws an UnsupportedError at the first one, so that nothing is joined
   * unseen; "split" starts a new block after it, told by `startSeconds`. @default "refuse"
   */
  readonly gaps?: "refuse" | "split";
  /**
   * Give the same memory with every block, and to the next reader when the loop ends: quicker for callers that are done
   * with a block before they ask for another. @default false
   */
  readonly reuse?: boolean;
}

const READ_AHEAD_BYTES = 1024 * 1024;
const MOST_BUFFERS = 4;

/**
 * Read samples block by block with bounded memory: file blocks of together about 1 MiB and the samples of one. Units that are
 * a voltage become microvolts, others stay as they are; a signal that is not `isScaled` gives its digital values.
 */
export async function* readEdfBlocks(
  source: ByteSource,
  header: EdfHeader,
  options: BlockOptions,
): AsyncGenerator<EdfBlock> {
  const places = options.signals.map((index) => placeOf(header, index));
  const timeline = header.kind.endsWith("+D") ? await readTimeline(source, header, options.startRecord) : undefined;
  const most = Math.min(header.recordsFound, recordsPerBlock(source, header, options.blockSeconds));
  const fitting = Math.floor(READ_AHEAD_BYTES / (most * header.recordBytes));
  const bufferCount = source.readInto ? Math.min(MOST_BUFFERS, Math.max(2, fitting)) : 1;
  const decoder = openRecordDecoder(places, header.recordBytes, most, { bufferCount });
  const decode = (bytes: Uint8Array, count: number) =>
    options.reuse ? decoder.decode(bytes, count) : decoder.decode(bytes, count).map(ownCopy);
  try {
    const range = { ...options, buffers: decoder.buffers };
    for await (const { startRecord, recordCount, bytes } of readRecords(source, header, range)) {
      if (!timeline) {
        const startSeconds = startRecord * header.recordDurationSeconds;
        yield { startRecord, recordCount, startSeconds, samples: decode(bytes, recordCount) };
        continue;
      }
      for (const run of splitAtGaps(source.name, header, bytes, startRecord, recordCount, timeline, options.gaps)) {
        const from = (run.startRecord - startRecord) * header.recordBytes;
        const part = bytes.subarray(from, from + run.recordCount * header.recordBytes);
        yield { ...run, samples: decode(part, run.recordCount) };
      }
    }
  } finally {
    decoder.release();
  }
}

function ownCopy(samples: Float32Array): Float32Array {
  const out = new Float32Array(Buffer.allocUnsafeSlow(samples.byteLength).buffer); // filled whole, so not zeroed first
  out.set(samples);
  return out;
}

interface Run {
  startRecord: number;
  recordCount: number;
  startSeconds: number;
}

/** Runs of records without a gap between them; advances `timeline` past the last record. */
function splitAtGaps(
  name: string,
  header: EdfHeader,
  bytes: Uint8Array,
  startRecord: number,
  recordCount: number,
  timeline: TimelineReader,
  gaps: "refuse" | "split" = "refuse",
): Run[] {
  const runs: Run[] = [];
  for (let record = 0; record < recordCount; record++) {
    const raw = recordStartIn(bytes.subarray(record * header.recordBytes, (record + 1) * header.recordBytes), timeline);
    const step = timeline.next(raw);
    if (step.isGap && gaps === "refuse") {
      const found = `${name}: record ${startRecord + record} starts at ${step.startSeconds} s, ${step.expectedSeconds} s expected: the recording has gaps`;
      throw new UnsupportedError(`${found}; read it with gaps: "split" or leave it out`);
    }
    const last = runs.at(-1);
    if (last && !step.isGap) last.recordCount += 1;
    else runs.push({ startRecord: startRecord + record, recordCount: 1, startSeconds: step.startSeconds });
  }
  return runs;
}
