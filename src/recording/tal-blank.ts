import { isHarmlessAnnotation } from "./edf-harmless.js";
import { parseTimestamp } from "./tal.js";

/**
 * How free text in annotations is handled: "keep" keeps it, "blank" writes X for unknown texts, "drop" removes all
 * annotations. Times of records are always kept.
 */
export type AnnotationRule = "keep" | "blank" | "drop";

/** How many annotation texts were kept, replaced by X, and removed. */
export interface TalCounts {
  kept: number;
  blanked: number;
  dropped: number;
}

const TEXT_END = 0x14;
const BLANK = Uint8Array.of(0x58); // "X", as EDF+ writes what is withheld
const EMPTY = new Uint8Array(0);

/**
 * Rewrite one record's annotation bytes in place by the rule. Lists whose times cannot be read are removed, and so are
 * bytes outside the lists.
 */
export function blankTals(bytes: Uint8Array, isFirstSignal: boolean, rule: AnnotationRule, counts: TalCounts): void {
  const before = bytes.slice();
  bytes.fill(0);
  let target = 0;
  let ordinal = 0;
  let position = 0;
  while (position < before.length) {
    if (before[position] === 0) {
      position += 1;
      continue;
    }
    const close = before.indexOf(0, position);
    const end = close < 0 ? before.length : close;
    const tal = rewriteTal(before.subarray(position, end), isFirstSignal && ordinal === 0, rule, counts);
    if (target + tal.length <= bytes.length) bytes.set(tal, target);
    target += tal.length === 0 ? 0 : tal.length + 1; // with the closing NUL
    ordinal += 1;
    position = end + 1;
  }
}

/** One list by the rule, without its closing NUL; empty where nothing is kept. */
function rewriteTal(tal: Uint8Array, canKeepTime: boolean, rule: AnnotationRule, counts: TalCounts): Uint8Array {
  const timestampEnd = tal.indexOf(TEXT_END);
  if (timestampEnd < 0 || parseTimestamp(tal, timestampEnd) === undefined) {
    counts.dropped += 1;
    return EMPTY;
  }
  const texts = textsOf(tal, timestampEnd + 1);
  const isTimekeeping = canKeepTime && texts[0]?.length === 0;
  const kept = (isTimekeeping ? texts.slice(1) : texts).flatMap((text) => keptText(text, rule, counts));
  if (kept.length === 0 && !isTimekeeping) return EMPTY;
  const all = isTimekeeping ? [EMPTY, ...kept] : kept;
  return Buffer.concat([tal.subarray(0, timestampEnd + 1), ...all.map(terminated)]);
}

function terminated(text: Uint8Array): Uint8Array {
  return Buffer.concat([text, Uint8Array.of(TEXT_END)]);
}

function textsOf(tal: Uint8Array, start: number): Uint8Array[] {
  const texts: Uint8Array[] = [];
  for (let position = start; position < tal.length; ) {
    const mark = tal.indexOf(TEXT_END, position);
    const end = mark < 0 ? tal.length : mark;
    texts.push(tal.subarray(position, end));
    position = end + 1;
  }
  return texts;
}

function keptText(text: Uint8Array, rule: AnnotationRule, counts: TalCounts): Uint8Array[] {
  if (text.length === 0) return [];
  if (rule === "drop") {
    counts.dropped += 1;
    return [];
  }
  if (rule === "keep" || isHarmlessAnnotation(Buffer.from(text).toString("utf8"))) {
    counts.kept += 1;
    return [text];
  }
  counts.blanked += 1;
  return [BLANK];
}
