/**
 * Annotation files of the WFDB library ("MIT format"), as CHB-MIT's `.edf.seizures`. Source: WFDB Applications Guide, annot(5):
 * 16-bit little-endian words of six bits of type and ten of time since the annotation before, and a zero word at the end.
 */
import { FormatError } from "@ictal/base/errors";
import type { AnnotationFile } from "./annotation-file.js";
import { checkRows, type RawRow } from "./annotation-rows.js";
import type { Finding } from "./finding.js";

/** Types that are no annotation: a long time, a number, a subtype, a channel, a text. */
const [SKIP, NUM, SUB, CHN, AUX] = [59, 60, 61, 62, 63] as const;
/** "[" and "]": begin and end of what CHB-MIT marks, a seizure. */
const [BEGIN, END] = [32, 33] as const;
const NOTE = 22;

interface Mark {
  readonly type: number;
  /** In ticks of the file's time. */
  readonly at: number;
}

interface Marks {
  readonly marks: readonly Mark[];
  /** Ticks per second, where the file says. */
  readonly resolutionHz?: number | undefined;
  readonly isComplete: boolean;
}

function resolutionOf(text: string): number | undefined {
  const found = /^## time resolution: *([0-9.]+)/.exec(text)?.[1];
  return found !== undefined && Number(found) > 0 ? Number(found) : undefined;
}

function marksOf(bytes: Uint8Array): Marks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marks: Mark[] = [];
  let resolutionHz: number | undefined;
  let ticks = 0;
  for (let at = 0; at + 2 <= bytes.length; ) {
    const word = view.getUint16(at, true);
    const [type, value] = [word >>> 10, word & 0x3ff];
    at += 2;
    if (word === 0) return { marks, resolutionHz, isComplete: true };
    if (type === SKIP) {
      if (at + 4 > bytes.length) break;
      ticks += (view.getInt16(at, true) << 16) | view.getUint16(at + 2, true); // the high word comes first
      at += 4;
    } else if (type === AUX) {
      resolutionHz ??= resolutionOf(new TextDecoder("latin1").decode(bytes.subarray(at, at + value)));
      at += value + (value % 2);
    } else if (type !== NUM && type !== SUB && type !== CHN) {
      ticks += value;
      marks.push({ type, at: ticks });
    }
  }
  return { marks, resolutionHz, isComplete: false };
}

export interface ReadWfdbOptions {
  /** Name for messages. */
  readonly file: string;
  /** Sample rate of the recording, by which times are counted where the file gives no time resolution, Hz. */
  readonly sampleRateHz?: number | undefined;
}

function incomplete(file: string, message: string): Finding {
  const action = "download the file again; until then the labels of the recording are unknown";
  return { file, code: "labels-incomplete", severity: "error", message, action };
}

/** Pairs of marks as rows; a mark without its other is a finding. */
function rowsOf({ marks }: Marks, perSecond: number, file: string, findings: Finding[]): RawRow[] {
  const rows: RawRow[] = [];
  let begin: number | undefined;
  for (const { type, at } of marks) {
    if (type === BEGIN && begin === undefined) begin = at;
    else if (type === END && begin !== undefined) {
      const times = { start: String(begin / perSecond), end: String(at / perSecond) };
      rows.push({
        line: rows.length + 1,
        channel: "TERM",
        ...times,
        label: "seiz",
        labelText: "seiz",
        confidence: "1",
      });
      begin = undefined;
    } else if (type === BEGIN || type === END)
      findings.push(incomplete(file, `the mark at ${at / perSecond} s has no other to go with`));
  }
  if (begin !== undefined)
    findings.push(incomplete(file, `the seizure that begins at ${begin / perSecond} s has no end`));
  return rows;
}

/**
 * Seizures of a WFDB annotation file. FormatError when it holds anything else than marks, or no rate by which to count them; a
 * file without its end, and a mark without the other, are error findings.
 */
export function readWfdbSeizures(bytes: Uint8Array, { file, sampleRateHz }: ReadWfdbOptions): AnnotationFile {
  if (bytes.length === 0) throw new FormatError("the file is empty; download it again", { file });
  const found = marksOf(bytes);
  const foreign = found.marks.find(({ type }) => type !== BEGIN && type !== END && type !== NOTE && type !== 0);
  if (foreign || (found.marks.length === 0 && !found.isComplete))
    throw new FormatError("not a WFDB annotation file of seizures; download it again", { file });
  const perSecond = found.resolutionHz ?? sampleRateHz;
  if (perSecond === undefined || !(perSecond > 0))
    throw new FormatError("no time resolution found, and the recording's sample rate is unknown", { file });
  const findings: Finding[] = [];
  if (!found.isComplete) findings.push(incomplete(file, "the file has no end mark: it is truncated"));
  const format = "seizures";
  const checked = checkRows(rowsOf(found, perSecond, file, findings), { file, format });
  return { file, format, headerLines: [], ...checked, findings: [...findings, ...checked.findings] };
}
