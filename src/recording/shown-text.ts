/**
 * Text of annotation files in messages. A field can hold anything, such as a person's name, and messages are written
 * into logs and reports: a text is shown where it has the form of what belongs there, else its length alone.
 */
import { editDistance } from "@ictal/base/nearest";
import { electrodeOf } from "./electrodes.js";

const lengthOf = (text: string) => `text of ${text.length} characters`;

const shownIf = (isShown: boolean, text: string) => (isShown ? JSON.stringify(text) : lengthOf(text));

/** A name with an edit distance of at most 1 to a known one, in quotes. */
export function shownName(text: string, known: Iterable<string>): string {
  const isTypingError = text.length <= 40 && [...known].some((name) => editDistance(text.toLowerCase(), name) <= 1);
  return shownIf(isTypingError, text);
}

/** A time or duration: digits, clock text, a unit. */
export function shownTime(text: string): string {
  const plain = text.trim();
  const isTime =
    /^[+-]?[\d.,:]{1,20}(?:e[+-]?\d{1,3})?\s?[a-z]{0,7}$/i.test(plain) || /^(?:nan|n\/a|-?inf)?$/i.test(plain);
  return isTime ? plain : lengthOf(plain);
}

/** A channel that is an electrode, a pair of them, or TERM for all. */
export function shownChannel(text: string): string {
  const isChannel = text === "TERM" || text.split("-").every((part) => electrodeOf(part) !== undefined);
  return text.length <= 40 && isChannel ? text : lengthOf(text);
}
