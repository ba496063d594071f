import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { annotationFault } from "./annotation-fault.js";
import { type AnnotationFile, readAnnotations } from "./annotation-file.js";
import type { RecordingFiles } from "./annotation-folder.js";
import { fileSource } from "./byte-source.js";
import { readEdfHeader } from "./edf-header.js";
import { endpointsApart, spanSecondsOf } from "./edf-timeline.js";
import type { Finding } from "./finding.js";
import type { LabelSources } from "./label-verdict.js";

/** The annotation files of a recording in a folder, read, and what the recording beside them tells. */
export interface ReadFiles extends LabelSources {
  readonly faults: readonly Finding[];
  /** Why the recording's own header could not be read. */
  readonly fault?: Finding;
}

/** Read the annotation files of one recording and the duration of the EDF or BDF beside them; faults are findings. */
export async function readRecordingFiles({ stem, annotations, compressed, edf }: RecordingFiles): Promise<ReadFiles> {
  const files: AnnotationFile[] = [];
  const faults = compressed.map((path) => compressedFinding(path, annotations.size === 0));
  for (const [format, path] of annotations) {
    try {
      files.push(readAnnotations(await readFile(path, "utf8"), { file: path, format }));
    } catch (error) {
      faults.push(strayOr(annotationFault(path, error), format, annotations.size === 1 && edf === undefined));
    }
  }
  const { recordingSeconds, fault } = edf === undefined ? {} : await headerOf(edf);
  return { files, faults, recordingName: basename(stem), recordingSeconds, ...(fault && { fault }) };
}

/** Alone, what it says of seizures is unknown; beside another annotation file it is passed over. */
function compressedFinding(file: string, isAlone: boolean): Finding {
  return {
    file,
    code: "compressed-annotation",
    severity: isAlone ? "error" : "warning",
    message: "the annotation file is compressed and not read",
    action: isAlone
      ? "unpack it (gunzip); until then the recording counts as unknown"
      : "unpack it (gunzip), or delete it",
  };
}

/** A table alone with no column of annotations, such as notes.csv, is none of a recording's and passed over. */
function strayOr(fault: Finding, format: string, isAlone: boolean): Finding {
  if (fault.code !== "not-annotations" || !isAlone || (format !== "csv" && format !== "tsv")) return fault;
  return { ...fault, severity: "warning", action: "none needed: the file is passed over; move it if that is wrong" };
}

async function headerOf(path: string): Promise<{ recordingSeconds?: number; fault?: Finding }> {
  try {
    const source = await fileSource(path);
    try {
      const header = await readEdfHeader(source);
      const durationSeconds = spanSecondsOf(header, await endpointsApart(source, header));
      return Number.isFinite(durationSeconds) ? { recordingSeconds: durationSeconds } : {};
    } finally {
      await source.close?.();
    }
  } catch (error) {
    return { fault: recordingFault(path, error) };
  }
}

/** The finding for a recording whose header cannot be read; errors that are not about the file are thrown on. */
export function recordingFault(file: string, error: unknown): Finding {
  const fault = annotationFault(file, error);
  const action = "repair the file or fetch it again";
  return { ...fault, code: "recording-unreadable", action };
}
