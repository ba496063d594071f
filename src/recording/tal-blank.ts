import { isHarmlessAnnotation } from "./edf-harmless.js";
import { readStamp } from "./tal.js";

/**
 * What becomes of free text in annotations: "keep" leaves it, "blank" writes X for what is no known text, "drop" removes all
 * annotations. Times of records stay in any case.
 */
export type AnnotationRule = "keep" | "blank" | "drop";

/** How many annotation texts were left, replaced by X, and removed. */
export interface TalCounts {
  kept: number;
  blanked: number;
  dropped: number;
}

const TEXT_END = 0x14;
const BLANK = Uint8Array.of(0x58); // "X", as EDF+ writes what is not told
const NOTHING = new Uint8Array(0);

/**
 * Rewrite one record's annotation bytes in place by the rule. Lists whose times cannot be read are removed, and so are
 * bytes beside the lists.
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
    const tal = rewritten(before.subarray(position, end), isFirstSignal && ordinal === 0, rule, counts);
    if (target + tal.length <= bytes.length) bytes.set(tal, target);
    target += tal.length === 0 ? 0 : tal.length + 1; // with the closing NUL
    ordinal += 1;
    position = end + 1;
  }
}

/** One list by the rule, without its closing NUL; empty where nothing of it stays. */
function rewritten(tal: Uint8Array, canKeepTime: boolean, rule: AnnotationRule, counts: TalCounts): Uint8Array {
  const stampEnd = tal.indexOf(TEXT_END);
  if (stampEnd < 0 || readStamp(tal, stampEnd) === undefined) {
    counts.dropped += 1;
    return NOTHING;
  }
  const texts = textsOf(tal, stampEnd + 1);
  const isTimekeeping = canKeepTime && texts[0]?.length === 0;
  const kept = (isTimekeeping ? texts.slice(1) : texts).flatMap((text) => keptText(text, rule, counts));
  if (kept.length === 0 && !isTimekeeping) return NOTHING;
  const all = isTimekeeping ? [NOTHING, ...kept] : kept;
  return Buffer.concat([tal.subarray(0, stampEnd + 1), ...all.map(closed)]);
}

function closed(text: Uint8Array): Uint8Array {
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
