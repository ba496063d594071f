import { chmod, constants, copyFile, type FileHandle, open, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { commitFile, explainWriteError, temporaryName } from "@ictal/base/atomic-file";
import { FormatError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { fileSource } from "./byte-source.js";
import { type BlankedField, blankHeader, type LabelRule } from "./edf-blank-header.js";
import { signalLayoutOf } from "./edf-decode.js";
import { type EdfHeader, parseEdfHeader, readHeaderBytes } from "./edf-header.js";
import { type AnnotationRule, blankTals, type TalCounts } from "./tal-blank.js";

/** What `deidentifyEdf` changed and kept: never the previous text, except labels that are kept. */
export interface DeidentifyReport {
  readonly input: string;
  readonly output: string;
  readonly changed: readonly BlankedField[];
  /** What is kept, and why it identifies no person or what to check. */
  readonly kept: readonly string[];
  /** Annotation texts that were kept, replaced by X, and removed. */
  readonly annotations: Readonly<TalCounts>;
  /** Bytes after the last record that the header announces; they are not copied. */
  readonly droppedBytes: number;
}

/** What to do with free texts. */
export interface DeidentifyOptions {
  /**
   * "blank" writes X for every annotation text that is not a label of the table, a HED-SCORE type or a standard text of EDF+;
   * "keep" keeps all, "drop" removes all. @default "blank"
   */
  readonly annotations?: AnnotationRule | undefined;
  /** Labels of signals that name no electrode and no known type of signal. @default "blank" */
  readonly labels?: LabelRule | undefined;
  readonly signal?: AbortSignal | undefined;
}

const LABEL_RULES: readonly string[] = ["keep", "blank"];
const RULES: readonly string[] = ["keep", "blank", "drop"];
const BLOCK_BYTES = 1024 * 1024;

/**
 * Copy a recording atomically, with everything blanked that could identify a person: the patient and recording fields, the
 * start date (01.01.85, which means withheld), every other header field whose text is not known to be harmless, free text
 * of annotations, and bytes after the last record. Samples, times, known labels and the time of day are kept. Patient and recording
 * fields in the EDF+ structure keep it: "X X X X" and "Startdate X X X X". RangeError when `output` is `input`.
 */
export async function deidentifyEdf(
  input: string,
  output: string,
  options: DeidentifyOptions = {},
): Promise<DeidentifyReport> {
  const { annotations: rule = "blank", labels = "blank", signal } = options;
  if (!RULES.includes(rule)) throw new RangeError(`invalid annotations: ${rule}; expected ${RULES.join(", ")}`);
  if (!LABEL_RULES.includes(labels))
    throw new RangeError(`invalid labels: ${labels}; expected ${LABEL_RULES.join(", ")}`);
  if (resolve(input) === resolve(output))
    throw new RangeError(`invalid output: ${output} is the input; give another path`);
  const source = await fileSource(input);
  let bytes: Uint8Array;
  let header: EdfHeader;
  try {
    bytes = Uint8Array.from(await readHeaderBytes(source, { signal }));
    header = parseEdfHeader(input, bytes, source.byteLength);
  } finally {
    await source.close?.();
  }
  const { changed, kept } = blankHeader(bytes, header, labels);
  const records =
    header.recordsInHeader >= 0 ? Math.min(header.recordsInHeader, header.recordsFound) : header.recordsFound;
  const end = header.headerBytes + records * header.recordBytes;
  const annotations: TalCounts = { kept: 0, blanked: 0, dropped: 0 };
  const annotationSignals = annotationSignalsOf(header);
  await writeCopy(input, output, async (handle) => {
    await handle.truncate(end);
    await handle.write(bytes, 0, bytes.length, 0);
    if (annotationSignals.length === 0 || rule === "keep") return;
    await blankRecords({ handle, input, header, records, rule, signal }, annotationSignals, annotations);
  });
  if (rule === "keep" && annotationSignals.length > 0)
    kept.push("all annotation texts, as requested: they can identify people");
  else if (annotations.kept > 0)
    kept.push(`${annotations.kept} annotation texts that are labels or standard texts of EDF+`);
  return { input, output, changed, kept, annotations, droppedBytes: source.byteLength - end };
}

/** Signals that hold annotations: by their label, also in another spelling. */
function annotationSignalsOf(header: EdfHeader): { index: number; isTimekeeper: boolean }[] {
  const first = header.signals.findIndex(({ isAnnotation }) => isAnnotation);
  return header.signals
    .filter(({ isAnnotation, label }) => isAnnotation || /annot/i.test(label))
    .map(({ index }) => ({ index, isTimekeeper: index === first }));
}

interface Copy {
  readonly handle: FileHandle;
  readonly input: string;
  readonly header: EdfHeader;
  readonly records: number;
  readonly rule: AnnotationRule;
  readonly signal: AbortSignal | undefined;
}

async function blankRecords(
  { handle, input, header, records, rule, signal }: Copy,
  annotationSignals: readonly { index: number; isTimekeeper: boolean }[],
  counts: TalCounts,
): Promise<void> {
  const { headerBytes, recordBytes } = header;
  const layouts = annotationSignals.map(({ index, isTimekeeper }) => ({
    ...signalLayoutOf(header, index),
    isTimekeeper,
  }));
  const step = Math.max(1, Math.floor(BLOCK_BYTES / recordBytes));
  for (let record = 0; record < records; record += step) {
    signal?.throwIfAborted();
    const count = Math.min(step, records - record);
    const block = new Uint8Array(count * recordBytes);
    const position = headerBytes + record * recordBytes;
    const { bytesRead } = await handle.read(block, 0, block.length, position);
    if (bytesRead !== block.length)
      throw new FormatError("the copy ended early; try again", { file: input, byteOffset: position });
    for (let i = 0; i < count; i++)
      for (const { offset, width, samplesPerRecord, isTimekeeper } of layouts) {
        const start = i * recordBytes + offset;
        blankTals(block.subarray(start, start + width * samplesPerRecord), isTimekeeper, rule, counts);
      }
    await handle.write(block, 0, block.length, position);
  }
}

async function writeCopy(input: string, output: string, change: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = temporaryName(output);
  try {
    await makeFolder(dirname(output));
    await copyFile(input, temporary, constants.COPYFILE_EXCL);
    await chmod(temporary, (await stat(temporary)).mode | 0o200); // a read-only input gives a read-only copy
    const handle = await open(temporary, "r+");
    try {
      await change(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await commitFile(temporary, output);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to report
    throw explainWriteError(error, output);
  }
}
