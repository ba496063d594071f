import { applyCarriage } from "./carriage-return.js";

/** Beyond so many characters a line counts as ended: carriage returns do not reach back further. */
const LONGEST_LINE = 65_536;

/** Where many pieces are retained, the oldest one is cut in steps of this size. */
const CUT_CHARACTERS = 65_536;

/** `12.3 MB` of so many characters. */
export const megabytes = (characters: number): string => `${(characters / 1e6).toFixed(1)} MB`;

/** The text of one output stream, put together from pieces; beyond a limit its middle is left out. */
export interface StreamText {
  append(text: string): void;
  /** The retained text, with a line in place of what was cut. */
  text(): string;
  /** Characters retained. */
  readonly length: number;
  /** True when text() is cheap: nothing has to be put together. */
  readonly whole: boolean;
}

/** A stream that keeps at most `limit` characters: the first half of them from its start, the rest from its end. */
export function createStreamText(limit: number): StreamText {
  const headLimit = Math.floor(limit / 2);
  let head = "";
  let line = ""; // the last line, which can still change
  const tail: string[] = [];
  let tailLength = 0;
  let omitted = 0;

  const close = (piece: string) => {
    const room = tail.length > 0 ? 0 : Math.max(0, headLimit - head.length);
    head += piece.slice(0, room);
    if (piece.length <= room) return;
    tail.push(piece.slice(room));
    tailLength += piece.length - room;
    for (
      let [oldest] = tail;
      oldest !== undefined && tailLength - oldest.length >= limit - headLimit;
      [oldest] = tail
    ) {
      omitted += oldest.length;
      tailLength -= oldest.length;
      tail.shift();
    }
    const excess = tailLength - (limit - headLimit);
    if (excess <= (tail.length > 1 ? CUT_CHARACTERS : 0)) return;
    tail[0] = (tail[0] ?? "").slice(excess); // one large piece
    tailLength -= excess;
    omitted += excess;
  };
  return {
    append(text) {
      const all = applyCarriage(line + text);
      const end = all.length > LONGEST_LINE && !all.includes("\n") ? all.length : all.lastIndexOf("\n") + 1;
      if (end > 0) close(all.slice(0, end));
      line = all.slice(end);
    },
    text() {
      if (tail.length === 0) return head + line;
      const begin = head === "" || head.endsWith("\n") ? "" : "\n";
      const gap = omitted > 0 ? `${begin}[${megabytes(omitted)} of output left out here, see --max-output]\n` : "";
      return head + gap + tail.join("") + line;
    },
    get length() {
      return head.length + tailLength + line.length;
    },
    get whole() {
      return tail.length === 0;
    },
  };
}
