import { UnsupportedError } from "@ictal/base/errors";
import { acquireBuffers, releaseBuffers } from "./block-buffers.js";
import type { ByteSource } from "./byte-source.js";
import { signalLayoutOf } from "./edf-decode.js";
import type { EdfHeader } from "./edf-header.js";
import { type RecordRange, readRecords, recordsPerBlock } from "./edf-records.js";
import { openRecordDecoder } from "./record-decoder.js";
import { describeBreak, openRunReader } from "./record-runs.js";

/** Samples of whole records, one array per requested signal, in microvolts. The arrays belong to the caller, unless reused. */
export interface EdfBlock {
  readonly startRecord: number;
  readonly recordCount: number;
  /** Seconds from the recording's first sample; gaps are counted. */
  readonly startSeconds: number;
  /** False for the first block read and after a gap; the samples of other blocks follow those of the previous block. */
  readonly isContinuous: boolean;
  /** `samples[k]` has `recordCount * samplesPerRecord` values of the k-th requested signal, at its own rate. */
  readonly samples: Float32Array[];
}

/** Which samples to read, and in what blocks. */
export interface BlockOptions extends Omit<RecordRange, "buffers"> {
  /** Indices into `header.signals`, any order. RangeError on one that does not exist. */
  readonly signals: readonly number[];
  /**
   * How gaps are handled, in any kind of file whose records have timestamps: "refuse" throws an UnsupportedError at the first
   * one (or at records that overlap), so that samples are never joined silently; "split" starts a new block after it, with
   * its own `startSeconds`. @default "refuse"
   */
  readonly gaps?: "refuse" | "split" | undefined;
  /**
   * Reuse the same memory for every block, and for the next reader when the loop ends: faster for callers that have finished
   * with a block before they request another. @default false
   */
  readonly reuse?: boolean | undefined;
}

const READ_AHEAD_BYTES = 1024 * 1024;
const MAX_BUFFERS = 4;

/**
 * Read samples block by block with bounded memory: file blocks of about 1 MiB in total and the samples of one. Voltages
 * are converted to microvolts, other units are kept; a signal that is not `isScaled` gives its digital values.
 */
export async function* readEdfBlocks(
  source: ByteSource,
  header: EdfHeader,
  options: BlockOptions,
): AsyncGenerator<EdfBlock> {
  const layouts = options.signals.map((index) => signalLayoutOf(header, index));
  const { startRecord: firstRecord = 0 } = options;
  const runsOf = await openRunReader(source, header, firstRecord);
  const maxRecords = Math.min(header.recordsFound, recordsPerBlock(source, header, options.blockSeconds));
  const fitting = Math.floor(READ_AHEAD_BYTES / (maxRecords * header.recordBytes));
  const bufferCount = source.readInto ? Math.min(MAX_BUFFERS, Math.max(2, fitting)) : 1;
  const decoder = openRecordDecoder(layouts, header.recordBytes, maxRecords, { bufferCount });
  const decode = (bytes: Uint8Array, count: number) =>
    options.reuse ? decoder.decode(bytes, count) : decoder.decode(bytes, count).map(copyOf);
  const shared = source.readIntoShared && acquireBuffers(maxRecords * header.recordBytes);
  try {
    const range = { ...options, buffers: shared ?? decoder.buffers };
    for await (const records of readRecords(source, header, range)) {
      for (const run of runsOf(records)) {
        const { startRecord, recordCount, startSeconds } = run;
        if (run.break && options.gaps !== "split")
          throw new UnsupportedError(
            `${source.name}: ${describeBreak(run.break)}; read it with gaps: "split" or exclude it`,
          );
        const from = (startRecord - records.startRecord) * header.recordBytes;
        const part = records.bytes.subarray(from, from + recordCount * header.recordBytes);
        const isContinuous = startRecord > firstRecord && !run.break;
        yield { startRecord, recordCount, startSeconds, isContinuous, samples: decode(part, recordCount) };
      }
    }
  } finally {
    if (shared) releaseBuffers(shared);
    decoder.release();
  }
}

function copyOf(samples: Float32Array): Float32Array {
  const out = new Float32Array(Buffer.allocUnsafeSlow(samples.byteLength).buffer); // filled completely, so not zeroed first
  out.set(samples);
  return out;
}
