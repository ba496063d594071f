/** From the marks that review pages saved to a folder of annotations. */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Outcome } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { printable } from "@ictal/base/printable";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import { MARKS_FORMAT, recordingName, seizureMarks } from "../plots/review/view/marks.js";
import { type AnnotationSpec, writeCsvBi, writeHedScoreTsv } from "../recording/annotation-write.js";
import { labelClassOf } from "../recording/labels.js";
import { pathOfKey } from "../store/local-path.js";

/** Writers of the formats that hold a reviewer's marks, by ending. */
export const MARK_WRITERS: Readonly<Record<string, (spec: AnnotationSpec) => string>> = {
  csv_bi: writeCsvBi,
  tsv: writeHedScoreTsv,
};

const isSeizureLabel = (label: string) => label === "" || labelClassOf(label) === "seizure";

const markSchema = z
  .object({
    startSeconds: z.number().min(0),
    endSeconds: z.number(),
    label: z.string().refine(isSeizureLabel, "is no seizure label"),
    note: z.string(),
  })
  .refine(({ startSeconds, endSeconds }) => endSeconds > startSeconds, "ends before it starts");

const fileSchema = z.object({
  format: z.literal(MARKS_FORMAT),
  version: z.literal(1),
  id: z.string().min(1),
  stem: z.string().min(1),
  durationSeconds: z.number().positive(),
  marks: z.array(markSchema),
});

type SavedMarks = z.infer<typeof fileSchema>;

const ENDING = /\.marks(?: ?\(\d+\))?\.json$/; // browsers number what they download twice

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw new NotFoundError(
        `${path}: no such file or folder; check the path (a review page saves marks with "JSON")`,
        path,
        {
          cause,
        },
      );
    });
    if (!info.isDirectory()) files.push(path);
    else files.push(...(await readdir(path)).filter((name) => ENDING.test(name)).map((name) => join(path, name)));
  }
  if (files.length === 0)
    throw new NotFoundError(
      `no .marks.json in ${paths.join(", ")}; a review page saves one with "JSON"`,
      paths[0] ?? "",
    );
  return files.sort();
}

const readMarksFile = async (file: string): Promise<SavedMarks> =>
  parseJson(fileSchema, await readFile(file, "utf8"), file, 'give what a review page saved with "JSON"');

interface CollectFlags {
  readonly out: string;
  readonly format: string;
}

/** Writes one annotation file per saved file; FormatError when one is none, or two are of one recording. */
export async function collectMarks(paths: readonly string[], { out, format }: CollectFlags): Promise<Outcome> {
  const files = await filesOf(paths);
  const byStem = new Map<string, { file: string; saved: SavedMarks }>();
  for (const file of files) {
    const saved = await readMarksFile(file); // one by one: files are small, and the first fault is told
    const other = byStem.get(saved.stem)?.file;
    if (other !== undefined)
      throw new FormatError(`it is of the same recording as ${other}; give one of the two`, { file });
    byStem.set(saved.stem, { file, saved });
  }
  const written: { id: string; file: string; seizures: number; notes: number }[] = [];
  for (const { saved } of byStem.values()) {
    const { id, stem, durationSeconds, marks } = saved;
    const events = seizureMarks(marks, saved, format === "csv_bi").map((mark) => ({ ...mark, confidence: 1 }));
    const suffix = format === "tsv" ? "_events.tsv" : `.${format}`;
    const path = pathOfKey(out, `${format === "tsv" ? stem.replace(/_eeg$/, "") : stem}${suffix}`);
    const write = MARK_WRITERS[format] ?? writeCsvBi; // the flag has these choices alone
    await makeFolder(dirname(path));
    await writeFileAtomic(path, write({ events, durationSeconds, recordingName: recordingName(saved) }));
    const notes = marks.filter(({ label }) => label === "").length;
    written.push({ id, file: path, seizures: events.length, notes });
  }
  const count = (key: "seizures" | "notes") => written.reduce((sum, each) => sum + each[key], 0);
  const notes = count("notes") > 0 ? `; ${count("notes")} notes without a label are not written` : "";
  return {
    json: { out, format, recordings: written },
    text: `${written.length} recordings with ${count("seizures")} seizures in ${printable(out)}${notes}`,
    exitCode: 0,
  };
}
