import { CHECKPOINT_KEY } from "../language/language.js";
import { isClosing, isOpening, type Token, tokensOf } from "./tokens.js";

// Modules come compiled, hundreds at once. Their loops are found by words and brackets, which takes a few milliseconds;
// the compiler would need a second to parse all of src.

/** A piece of text that was put into a line. */
export interface Insertion {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in the line before. */
  readonly column: number;
  readonly length: number;
}

export interface CheckedText {
  readonly text: string;
  readonly insertions: readonly Insertion[];
}

/** An `if` before the body of a loop, so that nothing has to be put behind it. */
const CHECK = ` if (globalThis[Symbol.for("${CHECKPOINT_KEY}")]?.(true) ?? true)`;
const STATEMENT_WORD = /^(?:for|while|do|if|try|switch|return|throw|const|let|var|class|function|break|continue)$/;

/** Where the bodies of the loops that await begin; awaits of functions within a loop count as its own. */
function findBodies(tokens: readonly Token[]): number[] {
  const found: number[] = [];
  const awaitsBefore = new Uint32Array(tokens.length + 1);
  for (const [i, { text }] of tokens.entries()) awaitsBefore[i + 1] = awaitsBefore[i]! + (text === "await" ? 1 : 0);
  const is = (i: number, text: string) => tokens[i]?.text === text;
  const isName = (i: number) => is(i - 1, ".") || is(i - 1, "?.") || is(i + 1, ":");

  const isLoop = (i: number): boolean => {
    if (isName(i)) return false;
    if (is(i, "do")) return !is(i + 1, "(");
    return (
      (is(i, "while") && is(i + 1, "(")) || (is(i, "for") && (is(i + 1, "(") || (is(i + 1, "await") && is(i + 2, "("))))
    );
  };

  /** The index behind the group that opens at `i`, or the next index when none does. */
  const group = (i: number): number => {
    if (!isOpening(tokens[i])) return i + 1;
    let next = i + 1;
    while (next < tokens.length && !isClosing(tokens[next])) next = isLoop(next) ? loop(next) : group(next);
    return next + 1;
  };

  /** The index behind the loop whose first word is at `i`. */
  const loop = (i: number): number => {
    const head = is(i, "do") ? i + 1 : group(is(i + 1, "await") ? i + 2 : i + 1);
    let end = statement(head);
    if (is(i, "do") && is(end, "while")) end = group(end + 1);
    if (awaitsBefore[end]! > awaitsBefore[i]!) found.push(tokens[head - 1]!.end);
    return end;
  };

  /** The index behind the statement that begins at `i`. */
  const statement = (i: number): number => {
    if (is(i, "{")) return group(i);
    if (isLoop(i)) return loop(i);
    if (is(i, "if")) {
      const end = statement(group(i + 1));
      return is(end, "else") ? statement(end + 1) : end;
    }
    if (is(i, "try")) {
      let end = group(i + 1);
      if (is(end, "catch")) end = group(is(end + 1, "(") ? group(end + 1) : end + 1);
      return is(end, "finally") ? group(end + 1) : end;
    }
    if (is(i + 1, ":")) return statement(i + 2);
    let end = i;
    while (end < tokens.length && !is(end, ";") && !isClosing(tokens[end])) {
      if (
        end > i &&
        STATEMENT_WORD.test(tokens[end]!.text) &&
        !isName(end) &&
        !is(end, "function") &&
        !is(end, "class")
      )
        return end; // the line before had no semicolon
      end = group(end);
    }
    return is(end, ";") ? end + 1 : end;
  };

  for (let i = 0; i < tokens.length; ) i = isLoop(i) ? loop(i) : group(i);
  return found.sort((a, b) => a - b);
}

function insertionsAt(positions: readonly number[], text: string): Insertion[] {
  let [line, lineStart, searched] = [1, 0, 0];
  return positions.map((position) => {
    for (let at = text.indexOf("\n", searched); at !== -1 && at < position; at = text.indexOf("\n", searched)) {
      line += 1;
      lineStart = searched = at + 1;
    }
    return { line, column: position - lineStart + 1, length: CHECK.length };
  });
}

/**
 * A module whose loops, where they await, ask at the start of each round whether the cell that started them still runs:
 * nothing else could end them. A text that cannot be read comes back as it is.
 */
export function withLoopChecks(text: string): CheckedText {
  const tokens = text.includes("await") && /\b(?:for|while|do)\b/.test(text) ? tokensOf(text) : undefined;
  const bodies = tokens ? findBodies(tokens) : [];
  if (bodies.length === 0) return { text, insertions: [] };
  const starts = [0, ...bodies];
  const parts = starts.map((start, i) => text.slice(start, starts[i + 1]));
  return { text: parts.join(CHECK), insertions: insertionsAt(bodies, text) };
}
