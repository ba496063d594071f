import { UnsupportedError } from "@ictal/base/errors";
import { giveBuffers, takeBuffers } from "./block-buffers.js";
import type { ByteSource } from "./byte-source.js";
import { placeOf } from "./edf-decode.js";
import type { EdfHeader } from "./edf-header.js";
import { type RecordRange, readRecords, recordsPerBlock } from "./edf-records.js";
import { openRecordDecoder } from "./record-decoder.js";
import { breakText, openRunReader } from "./record-runs.js";

/** Samples of whole records, one array per requested signal, in microvolts. The arrays belong to the caller, unless reused. */
export interface EdfBlock {
  readonly startRecord: number;
  readonly recordCount: number;
  /** Seconds from the recording's first sample; gaps are counted. */
  readonly startSeconds: number;
  /** False for the first record read and behind a gap; the samples of other blocks follow those of the block before. */
  readonly isContinuous: boolean;
  /** `samples[k]` has `recordCount * samplesPerRecord` values of the k-th requested signal, at its own rate. */
  readonly samples: Float32Array[];
}

export interface BlockOptions extends Omit<RecordRange, "buffers"> {
  /** Indices into `header.signals`, any order. RangeError on one that does not exist. */
  readonly signals: readonly number[];
  /**
   * What a gap does, in any kind of file whose records have timestamps: "refuse" throws an UnsupportedError at the first one
   * (or at records that overlap), so that nothing is joined unseen; "split" starts a new block after it, told by
   * `startSeconds`. @default "refuse"
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
  const { startRecord: firstRecord = 0 } = options;
  const runsOf = await openRunReader(source, header, firstRecord);
  const most = Math.min(header.recordsFound, recordsPerBlock(source, header, options.blockSeconds));
  const fitting = Math.floor(READ_AHEAD_BYTES / (most * header.recordBytes));
  const bufferCount = source.readInto ? Math.min(MOST_BUFFERS, Math.max(2, fitting)) : 1;
  const decoder = openRecordDecoder(places, header.recordBytes, most, { bufferCount });
  const decode = (bytes: Uint8Array, count: number) =>
    options.reuse ? decoder.decode(bytes, count) : decoder.decode(bytes, count).map(ownCopy);
  const shared = source.readIntoShared && takeBuffers(most * header.recordBytes);
  try {
    const range = { ...options, buffers: shared ?? decoder.buffers };
    for await (const records of readRecords(source, header, range)) {
      for (const run of runsOf(records)) {
        const { startRecord, recordCount, startSeconds } = run;
        if (run.break && options.gaps !== "split")
          throw new UnsupportedError(
            `${source.name}: ${breakText(run.break)}; read it with gaps: "split" or leave it out`,
          );
        const from = (startRecord - records.startRecord) * header.recordBytes;
        const part = records.bytes.subarray(from, from + recordCount * header.recordBytes);
        const isContinuous = startRecord > firstRecord && !run.break;
        yield { startRecord, recordCount, startSeconds, isContinuous, samples: decode(part, recordCount) };
      }
    }
  } finally {
    if (shared) giveBuffers(shared);
    decoder.release();
  }
}

function ownCopy(samples: Float32Array): Float32Array {
  const out = new Float32Array(Buffer.allocUnsafeSlow(samples.byteLength).buffer); // filled whole, so not zeroed first
  out.set(samples);
  return out;
}
