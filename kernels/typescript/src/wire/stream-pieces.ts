/** A stream message from this size on is handed on in pieces. */
const LARGE_BYTES = 1 << 20;
/** Small enough for what is made of a piece to be gone with the next collection of young objects. */
const PIECE_BYTES = 1 << 16;
/** How far from either end of the content its text may begin or end. */
const RIM_BYTES = 1024;

const FIELD = String.raw`"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*`; // its value a string without escapes, a number or a word
const BEFORE_TEXT = new RegExp(String.raw`^\s*\{\s*(?:${FIELD},\s*)*"text"\s*:\s*"`);
const AFTER_TEXT = new RegExp(String.raw`"\s*(?:,\s*${FIELD})*\}\s*$`);
const HIGH_SURROGATE = /^\\u[dD][89abAB]/;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a piece may begin with U+FEFF, which is text there

/** One character per byte: shows where JSON begins and ends, not its content. */
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** True when the byte at `index` belongs to an escape that began before it; nothing begins before `start`. */
function isEscaped(text: Uint8Array, index: number, start: number): boolean {
  let first = index;
  while (first > start && text[first - 1] === BACKSLASH) first -= 1;
  return (index - first) % 2 === 1;
}

/** Where the escape begins that the place `index` lies in; `index` where it lies in none. */
function outsideEscape(text: Uint8Array, index: number, start: number): number {
  for (let at = index - 1; at >= Math.max(start, index - 5); at--) {
    if (text[at] !== BACKSLASH) continue;
    if (isEscaped(text, at, start)) return index; // an escaped backslash, which ends there
    const length = text[at + 1] === LETTER_U ? 6 : 2;
    return at + length > index ? at : index;
  }
  return index;
}

/** The last place up to `end` where text in JSON can be cut: outside UTF-8 sequences, escapes and pairs of them. */
function cutBefore(text: Uint8Array, end: number, start: number): number {
  if (end >= text.byteLength) return text.byteLength;
  let at = end;
  while (at > start && (text[at]! & 0xc0) === 0x80) at -= 1;
  at = outsideEscape(text, at, start);
  const before = at - 6;
  const high = before >= start && HIGH_SURROGATE.test(latin1(text.subarray(before, at)));
  if (high && !isEscaped(text, before, start)) at = before;
  return at > start ? at : end; // nothing but stray bytes: each is U+FFFD by itself
}

function* cut(text: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < text.byteLength; ) {
    const end = cutBefore(text, start + PIECE_BYTES, start);
    yield text.subarray(start, end);
    start = end;
  }
}

function* contents(fields: object, text: Uint8Array): Generator<Record<string, unknown>> {
  for (const piece of cut(text)) yield { ...fields, text: JSON.parse(`"${decoder.decode(piece)}"`) };
}

/**
 * The `content` frame of a large stream message as several contents that share out its text, so that no copy of the whole
 * is made. Undefined for a small one, and for one that is not plainly valid JSON of flat fields and one text: that is to
 * be parsed as it is.
 */
export function streamPieces(content: Uint8Array): Iterable<Record<string, unknown>> | undefined {
  if (content.byteLength < LARGE_BYTES) return undefined;
  const before = BEFORE_TEXT.exec(latin1(content.subarray(0, RIM_BYTES)))?.[0].length;
  const after = AFTER_TEXT.exec(latin1(content.subarray(-RIM_BYTES)))?.[0].length;
  if (before === undefined || after === undefined) return undefined;
  const end = content.byteLength - after;
  const rest = decoder.decode(content.subarray(end));
  const fields = parseOrUndefined(decoder.decode(content.subarray(0, before)) + rest);
  if (fields === undefined || rest.includes('"text"')) return undefined;
  const text = content.subarray(before, end);
  for (const piece of cut(text)) if (parseOrUndefined(`"${latin1(piece)}"`) === undefined) return undefined;
  return contents(fields as object, text); // an opening brace stands before the text
}
