import { join } from "node:path";
import { canonicalJson } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import type { RecordingLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import type { ByteSource } from "../recording/byte-source.js";
import { readEdfHeader } from "../recording/edf-header.js";
import { endpointsApart } from "../recording/edf-timeline.js";
import { labelFields } from "./build-recording.js";
import type { CacheFolder } from "./folder.js";
import { recordingFile } from "./paths.js";
import type { GapPolicy } from "./segments.js";
import { bytesOnDisk, readSidecar, type Sidecar } from "./sidecar.js";
import { checkFrames } from "./verify.js";
import { hasSignal, writeSidecar } from "./write-sidecar.js";

async function soundSidecar(folder: CacheFolder, id: string): Promise<Sidecar | undefined> {
  try {
    return await readSidecar(folder.path, id);
  } catch (error) {
    if (isIctalError(error, "CacheError")) return undefined; // damaged or foreign: built again
    throw error;
  }
}

export interface ReuseOptions {
  readonly gaps: GapPolicy;
  /** Check the CRC of every frame. */
  readonly verify: boolean;
  /** What the recording was made from; read only where its timestamps were never looked at. */
  readonly source: ByteSource;
}

/**
 * The sidecar of a recording that need not be built again: same key, same source (size and ETag), a signal, no gaps where
 * they are refused, right file length and, with `verify`, right CRCs; else undefined. One whose timestamps were never looked
 * at must last as long as they say, which is noted in its sidecar.
 */
export async function findReusable(
  folder: CacheFolder,
  entry: RecordingEntry,
  { gaps, verify, source }: ReuseOptions,
): Promise<Sidecar | undefined> {
  const sidecar = await soundSidecar(folder, entry.id);
  if (!sidecar || sidecar.id !== entry.id || sidecar.key !== folder.key) return undefined;
  if (sidecar.source.size !== entry.edfSize || sidecar.source.etag !== entry.edfEtag) return undefined;
  if (!hasSignal(sidecar) || (gaps === "refuse" && sidecar.segments)) return undefined;
  const bytes = await bytesOnDisk(join(folder.path, recordingFile(entry.id, folder.sampleType)));
  if (bytes !== sidecar.fileBytes) return undefined;
  if (verify && (await checkFrames(folder.path, sidecar)).length > 0) return undefined;
  return sidecar.timelineCheck === undefined ? checkEnds(folder, sidecar, source) : sidecar;
}

/** The sidecar with a note that its recording has no gap between its ends; undefined where it has one or cannot be read. */
async function checkEnds(folder: CacheFolder, sidecar: Sidecar, source: ByteSource): Promise<Sidecar | undefined> {
  try {
    if (await endpointsApart(source, await readEdfHeader(source))) return undefined;
  } catch (error) {
    if (isIctalError(error, "FormatError", "UnsupportedError")) return undefined; // the build says what is wrong with it
    throw error;
  }
  const checked: Sidecar = { ...sidecar, timelineCheck: "ends" };
  await writeSidecar(folder.path, checked);
  return checked;
}

/** The sidecar of a reused recording with its labels brought up to date: written again, and another object, where they differ. */
export async function refreshLabels(folder: CacheFolder, sidecar: Sidecar, labels: RecordingLabels): Promise<Sidecar> {
  const fresh = labelFields(labels);
  const { labelled, seizures, labelFindings } = sidecar;
  if (canonicalJson(fresh) === canonicalJson({ labelled, seizures, labelFindings })) return sidecar;
  const refreshed = { ...sidecar, ...fresh };
  await writeSidecar(folder.path, refreshed);
  return refreshed;
}
