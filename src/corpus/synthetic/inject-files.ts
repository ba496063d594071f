import { open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { commitFile, explainWriteError, temporaryName, writeFileAtomic } from "@ictal/base/atomic-file";
import { makeFolder } from "@ictal/base/make-folder";
import type { Event } from "../../base/events.js";
import { writeCsvBi, writeHedScoreTsv } from "../../recording/annotation-write.js";
import type { ByteSource } from "../../recording/byte-source.js";
import { RECORDING_NAME } from "../layouts.js";

const COPY_BYTES = 4 * 1024 * 1024;

/** Copy a file block by block with some of its bytes replaced; whole or not at all. */
export async function copyPatched(
  source: ByteSource,
  path: string,
  patch: { readonly offset: number; readonly bytes: Uint8Array },
  signal: AbortSignal | undefined,
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, "wx");
    try {
      for (let at = 0; at < source.byteLength; at += COPY_BYTES) {
        signal?.throwIfAborted();
        const block = Uint8Array.from(await source.read(at, Math.min(at + COPY_BYTES, source.byteLength)));
        const from = Math.max(at, patch.offset);
        const to = Math.min(at + block.length, patch.offset + patch.bytes.length);
        if (to > from) block.set(patch.bytes.subarray(from - patch.offset, to - patch.offset), from - at);
        await handle.writeFile(block);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await commitFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to report
    throw explainWriteError(error, path);
  }
}

/** Write the annotation of a recording with one seizure beside it: an events file in BIDS, else a csv_bi file. */
export async function writeLabels(edfPath: string, durationSeconds: number, event: Event): Promise<void> {
  const stem = edfPath.replace(RECORDING_NAME, "");
  const recordingName = stem.slice(stem.lastIndexOf("/") + 1);
  if (stem.endsWith("_eeg")) {
    const text = writeHedScoreTsv({ events: [event], durationSeconds });
    await writeFileAtomic(`${stem.slice(0, -"_eeg".length)}_events.tsv`, text);
    return;
  }
  await writeFileAtomic(`${stem}.csv_bi`, writeCsvBi({ events: [event], durationSeconds, recordingName }));
}
