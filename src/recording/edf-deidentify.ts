import { chmod, constants, copyFile, open, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { commitFile, temporaryName } from "../base/atomic-file.js";
import { makeFolder } from "../base/make-folder.js";
import { fileSource } from "./byte-source.js";
import { type Field, MAIN_FIELDS, readField, writeField } from "./edf-fields.js";
import { parseEdfHeader, readHeaderBytes } from "./edf-header.js";

/** What `deidentifyEdf` changed: names of fields and what stands in them now, never what stood there before. */
export interface DeidentifyReport {
  readonly input: string;
  readonly output: string;
  readonly changed: readonly { readonly field: string; readonly byteOffset: number; readonly value: string }[];
  /** Signals whose texts may name a person and are left as they are. */
  readonly kept: readonly string[];
}

/**
 * Copy a recording with its patient and recording fields blanked, atomically. Fields in the EDF+ structure keep it:
 * "X X X X" and "Startdate X X X X"; in other files they become blank. The start date becomes 01.01.85, the EDF+ way to
 * say that it is withheld; the time of day, samples and annotations stay. RangeError when `output` is `input`.
 */
export async function deidentifyEdf(input: string, output: string): Promise<DeidentifyReport> {
  if (resolve(input) === resolve(output))
    throw new RangeError(`invalid output: ${output} is the input; give another path`);
  const source = await fileSource(input);
  let header: Uint8Array;
  let annotationLabels: string[];
  try {
    header = Uint8Array.from(await readHeaderBytes(source));
    const parsed = parseEdfHeader(input, header, source.byteLength);
    annotationLabels = parsed.signals.filter((signal) => signal.isAnnotation).map((signal) => signal.label);
  } finally {
    await source.close?.();
  }
  const changed = blankHeader(header);
  await writeCopy(input, output, header);
  const kept =
    annotationLabels.length > 0 ? [`${annotationLabels.length} annotation signal(s): their texts can name people`] : [];
  return { input, output, changed, kept };
}

/** Blank the identifying fields in place. */
function blankHeader(header: Uint8Array): DeidentifyReport["changed"][number][] {
  const isPlus = /^[EB]DF\+/.test(readField(header, MAIN_FIELDS.reserved.offset, MAIN_FIELDS.reserved.width));
  const recording = readField(header, MAIN_FIELDS.recording.offset, MAIN_FIELDS.recording.width);
  const patient = readField(header, MAIN_FIELDS.patient.offset, MAIN_FIELDS.patient.width);
  const wanted: [Field, string][] = [
    [MAIN_FIELDS.patient, isPlus || patient.split(" ").length >= 4 ? "X X X X" : ""],
    [MAIN_FIELDS.recording, isPlus || recording.startsWith("Startdate ") ? "Startdate X X X X" : ""],
    [MAIN_FIELDS.startDate, "01.01.85"],
  ];
  const changed: DeidentifyReport["changed"][number][] = [];
  for (const [field, value] of wanted) {
    if (readField(header, field.offset, field.width) === value) continue;
    writeField(header, field.offset, field, value);
    changed.push({ field: field.name, byteOffset: field.offset, value });
  }
  return changed;
}

async function writeCopy(input: string, output: string, header: Uint8Array): Promise<void> {
  await makeFolder(dirname(output));
  const temporary = temporaryName(output);
  try {
    await copyFile(input, temporary, constants.COPYFILE_EXCL);
    await chmod(temporary, (await stat(temporary)).mode | 0o200); // a read-only input gives a read-only copy
    const handle = await open(temporary, "r+");
    try {
      await handle.write(header, 0, header.length, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await commitFile(temporary, output);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
