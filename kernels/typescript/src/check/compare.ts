import { FIGURE_MIME, figureInHtml } from "../figure-html.js";
import type { Output } from "../notebook/notebook-file.js";
import { formatExactJson } from "../wire/exact-json.js";
import type { MimeBundle } from "../wire/message.js";
import { lineDiff } from "./line-diff.js";
import type { Sanitizer } from "./sanitize.js";

/** How two outputs are compared. */
export interface Comparison {
  readonly sanitize: Sanitizer;
  /** Largest relative difference of two numbers that count as the same; 0: texts must be the same. */
  readonly tolerance: number;
}

const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi;
const MOST_PLACES = 10;
/** Types of which only the presence is compared: encoders and fonts differ between machines. */
const OPAQUE = /^(?:image\/(?:png|jpeg|gif|webp)|application\/pdf|audio\/.*|video\/.*)$/;

/** True when two numbers differ by at most `tolerance` of the larger one; NaN equals NaN. */
export function closeNumbers(a: number, b: number, tolerance: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

/** True when two sanitised texts are the same but for numbers within the tolerance. */
export function sameText(a: string, b: string, tolerance: number): boolean {
  if (a === b) return true;
  if (tolerance === 0 || a.replace(NUMBER, "#") !== b.replace(NUMBER, "#")) return false;
  const [left, right] = [a.match(NUMBER) ?? [], b.match(NUMBER) ?? []];
  return left.every((number, i) => closeNumbers(Number(number), Number(right[i]), tolerance));
}

const short = (value: unknown): string => (value === undefined ? "nothing" : formatExactJson(value)).slice(0, 80);

/** NaN and infinities as a notebook's file holds them. */
const asStored = (value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

/** Where two JSON values differ, as `path: stored …, now …`; texts are sanitised, numbers compared with the tolerance. */
export function jsonDifferences(before: unknown, after: unknown, how: Comparison, path = ""): string[] {
  const [stored, now] = [before, after].map(asStored);
  const difference = [`${path || "value"}: stored ${short(stored)}, now ${short(now)}`];
  if (typeof stored === "number" && typeof now === "number")
    return closeNumbers(stored, now, how.tolerance) ? [] : difference;
  if (typeof stored === "string" && typeof now === "string")
    return sameText(how.sanitize(stored), how.sanitize(now), how.tolerance) ? [] : difference;
  const both = [stored, now].every((value) => typeof value === "object" && value !== null);
  if (!both || Array.isArray(stored) !== Array.isArray(now)) return stored === now ? [] : difference;
  const [left, right] = [stored as Record<string, unknown>, now as Record<string, unknown>]; // checked above; lists have index keys
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.flatMap((key) => jsonDifferences(left[key], right[key], how, path ? `${path}.${key}` : key));
}

function textDifferences(what: string, stored: string, now: string, how: Comparison): string[] {
  const [left, right] = [how.sanitize(stored), how.sanitize(now)];
  if (sameText(left, right, how.tolerance)) return [];
  const same = (a: string, b: string) => sameText(a, b, how.tolerance);
  return [`${what} differs:`, ...lineDiff(left, right, same).map((line) => `  ${line}`)];
}

/** True for the still picture of a figure: whether a run makes one depends on Chromium being there. */
function isStill(mime: string, bundle: MimeBundle): boolean {
  const html = bundle["text/html"];
  const isFigure = bundle[FIGURE_MIME] !== undefined || (typeof html === "string" && figureInHtml(html) !== undefined);
  return mime === "image/png" && isFigure;
}

function dataDifferences(mime: string, stored: unknown, now: unknown, how: Comparison): string[] {
  if (OPAQUE.test(mime)) return [];
  if (typeof stored === "string" && typeof now === "string") {
    const figures = mime === "text/html" ? [figureInHtml(stored), figureInHtml(now)] : [];
    if (figures[0] === undefined || figures[1] === undefined) return textDifferences(mime, stored, now, how);
    return dataDifferences(`${mime} (figure)`, figures[0], figures[1], how);
  }
  const places = jsonDifferences(stored, now, how);
  if (places.length === 0) return [];
  const more = places.length > MOST_PLACES ? [`… ${places.length - MOST_PLACES} more places`] : [];
  return [`${mime} differs:`, ...[...places.slice(0, MOST_PLACES), ...more].map((place) => `  ${place}`)];
}

/** A cell's outputs sorted for comparison: streams joined by name, since their order among displays may vary. */
function sorted(outputs: readonly Output[]) {
  const streams = { stdout: "", stderr: "" };
  const bundles: MimeBundle[] = [];
  const errors: string[] = [];
  for (const output of outputs) {
    if (output.output_type === "stream") streams[output.name] += output.text;
    else if (output.output_type === "error") errors.push(`${output.ename}: ${output.evalue}`);
    else bundles.push(output.data);
  }
  return { streams, bundles, errors };
}

/** How the outputs of a cell differ from the stored ones, as lines for people; empty when they do not. */
export function compareOutputs(stored: readonly Output[], now: readonly Output[], how: Comparison): string[] {
  const [left, right] = [sorted(stored), sorted(now)];
  const lines = (["stdout", "stderr"] as const).flatMap((name) =>
    textDifferences(name, left.streams[name], right.streams[name], how),
  );
  lines.push(...textDifferences("error", left.errors.join("\n"), right.errors.join("\n"), how));
  if (left.bundles.length !== right.bundles.length)
    return [...lines, `displays differ: ${left.bundles.length} stored, ${right.bundles.length} now`];
  for (const [index, bundle] of left.bundles.entries()) {
    const other = right.bundles[index]!;
    const mimes = [...new Set([...Object.keys(bundle), ...Object.keys(other)])].sort();
    for (const mime of mimes) {
      if (isStill(mime, bundle)) continue;
      const [before, after] = [bundle[mime], other[mime]];
      const one = before === undefined ? "only now" : after === undefined ? "only stored" : undefined;
      const found = one ? [`${mime} is there ${one}`] : dataDifferences(mime, before, after, how);
      lines.push(...found.map((line) => (line.startsWith(" ") ? line : `display ${index + 1}: ${line}`)));
    }
  }
  return lines;
}
