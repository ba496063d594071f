/** CHB-MIT's `chbNN-summary.txt`: for each file of a patient its seizures in seconds from its start. */
import type { AnnotationFile } from "./annotation-file.js";
import { checkRows, type RawRow } from "./annotation-rows.js";
import type { Finding } from "./finding.js";

export interface ReadPatientOptions {
  /** Name of the annotation file for messages. */
  readonly file: string;
  /** Name of the recording in it, without folder and ending: "chb01_03". */
  readonly recordingName: string;
  /** Duration of that recording: what is listed without a seizure is background to its end. */
  readonly recordingSeconds: number;
}

interface Block {
  /** 1-based. */
  readonly line: number;
  readonly count: number | undefined;
  readonly times: readonly { readonly kind: "start" | "end"; readonly seconds: string; readonly line: number }[];
}

const plainName = (name: string) =>
  name
    .trim()
    .replace(/\.edf$/i, "")
    .toLowerCase();

/** The lines about one recording, up to those about the next; several blocks where it is listed twice. */
function blocksOf(text: string, recordingName: string): Block[] {
  const blocks: { line: number; count: number | undefined; times: Block["times"][number][] }[] = [];
  let isOwn = false;
  for (const [index, content] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1;
    const name = /^\s*file\s*name\s*:\s*(\S+)/i.exec(content)?.[1];
    if (name !== undefined) {
      isOwn = plainName(name) === plainName(recordingName);
      if (isOwn) blocks.push({ line, count: undefined, times: [] });
    }
    const block = blocks.at(-1);
    if (!isOwn || !block) continue;
    const count = /^\s*number of seizures in file\s*:\s*(\d+)/i.exec(content)?.[1];
    if (count !== undefined) block.count = Number(count);
    const [, kind, seconds] =
      /^\s*seizure(?:\s+\d+)?\s+(start|end)\s+time\s*:\s*(.*?)\s*(?:s|secs?|seconds?)?\s*$/i.exec(content) ?? [];
    if (kind !== undefined && seconds !== undefined)
      block.times.push({ kind: kind.toLowerCase() === "start" ? "start" : "end", seconds, line });
  }
  return blocks;
}

function rowsOf({ times }: Block): RawRow[] {
  return times.flatMap(({ kind, seconds: start, line }, at): RawRow[] => {
    const next = times[at + 1];
    if (kind !== "start" || next?.kind !== "end") return [];
    return [{ line, channel: "TERM", start, end: next.seconds, label: "seiz", labelText: "seiz", confidence: "1" }];
  });
}

function faultOf(block: Block, rows: number, file: string): Finding[] {
  const listed = block.times.length / 2;
  if (block.count === rows && listed === rows) return [];
  const count = block.count === undefined ? "gives no number of seizures" : `says ${block.count} seizures`;
  return [
    {
      ...{ file, line: block.line, code: "labels-incomplete", severity: "error" },
      message: `the summary ${count}, ${rows} with start and end found; the labels of the recording are unknown`,
      action: "download the summary again, or complete it",
    },
  ];
}

/** One row of background over a recording that is listed without a seizure. */
export function backgroundRow(line: number, recordingSeconds: number): RawRow {
  const times = { start: "0", end: String(recordingSeconds) };
  return { line, channel: "TERM", ...times, label: "bckg", labelText: "bckg", confidence: "1" };
}

/**
 * Labels of one recording in a summary of CHB-MIT; undefined where the summary does not list it. Names are compared without case
 * and ending; a block whose number of seizures is not that of its times is an error finding.
 */
export function readChbSummary(text: string, options: ReadPatientOptions): AnnotationFile | undefined {
  const { file, recordingName, recordingSeconds } = options;
  const blocks = blocksOf(text, recordingName);
  const [block] = blocks;
  if (!block) return undefined;
  const seizures = rowsOf(block);
  const rows = block.count === 0 && block.times.length === 0 ? [backgroundRow(block.line, recordingSeconds)] : seizures;
  const findings = [...faultOf(block, seizures.length, file), ...repeated(blocks, file)];
  const format = "chb-summary";
  const checked = checkRows(rows, { file, format });
  return { file, format, headerLines: [], ...checked, findings: [...findings, ...checked.findings] };
}

/** A recording that is listed twice with other times. */
function repeated([first, ...others]: readonly Block[], file: string): Finding[] {
  const textOf = (block: Block | undefined) => JSON.stringify(block?.times.map(({ kind, seconds }) => [kind, seconds]));
  return others
    .filter((block) => textOf(block) !== textOf(first))
    .map(({ line }) => ({
      ...{ file, line, code: "contradictory-rows" as const, severity: "error" as const },
      message: `the summary lists the recording again, with other seizures than at line ${first?.line}`,
      action: "decide which is right; until then the labels of the recording are unknown",
    }));
}
