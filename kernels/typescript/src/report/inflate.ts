/**
 * DEFLATE (RFC 1951) in functions that need nothing but each other: the report page carries their own text, since a browser's
 * DecompressionStream gives its bytes only later, and printing does not wait.
 */

/** A canonical Huffman code: how many words have each length, and the symbols in the order of their words. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

type Codes = { readonly literal: Code; readonly distance: Code };
type Reader = ReturnType<typeof openBits>;

function openBits(source: Uint8Array) {
  let at = 0;
  let held = 0;
  let heldBits = 0; // at most 7 after each read
  const bits = (count: number): number => {
    while (heldBits < count) {
      if (at >= source.length) throw new Error("compressed data are cut short");
      held |= source[at++]! << heldBits;
      heldBits += 8;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    heldBits -= count;
    return value;
  };
  /** A stored block: whole bytes from the next full one, their number twice before them. */
  const stored = (): Uint8Array => {
    held = heldBits = 0;
    const length = source[at]! | (source[at + 1]! << 8);
    at += 4 + length;
    if (at > source.length) throw new Error("compressed data are cut short");
    return source.subarray(at - length, at);
  };
  return { bits, stored };
}

function codeOf(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(16);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]!]!++;
  counts[0] = 0;
  const next = new Uint16Array(17);
  for (let length = 1; length < 16; length++) next[length + 1] = next[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) if (lengths[i]! > 0) symbols[next[lengths[i]!]!++] = i;
  return { counts, symbols };
}

function symbolOf({ bits }: Reader, { counts, symbols }: Code): number {
  let [word, first, index] = [0, 0, 0];
  for (let length = 1; length < 16; length++) {
    word |= bits(1);
    const count = counts[length]!;
    if (word - count < first) return symbols[index + word - first]!;
    index += count;
    first = (first + count) << 1;
    word <<= 1;
  }
  throw new Error("compressed data hold an unknown code");
}

function fixedCodes(): Codes {
  const literal = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return { literal: codeOf(literal), distance: codeOf(new Array<number>(30).fill(5)) };
}

function ownCodes(reader: Reader): Codes {
  const { bits } = reader;
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const [literals, distances, given] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
  const small = new Uint8Array(19);
  for (const place of order.slice(0, given)) small[place] = bits(3);
  const code = codeOf(small);
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const next = symbolOf(reader, code);
    if (next < 16) lengths[i++] = next;
    else {
      const repeated = next === 16 ? lengths[i - 1]! : 0;
      const until = i + (next === 16 ? 3 + bits(2) : next === 17 ? 3 + bits(3) : 11 + bits(7));
      while (i < until) lengths[i++] = repeated;
    }
  }
  return { literal: codeOf(lengths.subarray(0, literals)), distance: codeOf(lengths.subarray(literals)) };
}

/** Unpacks one block to `out` from `start` on; returns its end there. */
function unpackBlock(reader: Reader, { literal, distance }: Codes, out: Uint8Array, start: number): number {
  const { bits } = reader;
  let end = start;
  for (let next = symbolOf(reader, literal); next !== 256; next = symbolOf(reader, literal)) {
    if (next < 256) {
      out[end++] = next;
      continue;
    }
    const kind = next - 257;
    const extra = kind < 8 || kind === 28 ? 0 : (kind >> 2) - 1;
    const length = (kind === 28 ? 258 : kind < 8 ? kind + 3 : ((4 + (kind & 3)) << extra) + 3) + bits(extra);
    const step = symbolOf(reader, distance);
    const more = step < 4 ? 0 : (step >> 1) - 1;
    const back = (step < 4 ? step + 1 : ((2 + (step & 1)) << more) + 1) + bits(more);
    for (const until = end + length; end < until; end++) out[end] = out[end - back]!;
  }
  return end;
}

/** Unpacks raw DEFLATE data that hold `size` bytes. Throws for data that are cut short or damaged. */
export function inflate(source: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const reader = openBits(source);
  let end = 0;
  for (let last = 0; last === 0; ) {
    last = reader.bits(1);
    const kind = reader.bits(2);
    if (kind === 0) {
      const bytes = reader.stored();
      out.set(bytes, end);
      end += bytes.length;
    } else end = unpackBlock(reader, kind === 1 ? fixedCodes() : ownCodes(reader), out, end);
  }
  return out;
}

/** The text of `inflate` and what it calls, for a script. */
export const INFLATE_SCRIPT = [openBits, codeOf, symbolOf, fixedCodes, ownCodes, unpackBlock, inflate].join("\n");
