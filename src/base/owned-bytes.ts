/**
 * Bytes with one owner, as a type: who has them may keep them, change them, or give them away with their buffer, and can do so
 * once. A plain `Uint8Array` says none of that: it may be a part of a buffer that others see, or one that is filled again.
 */

/** Buffers that have an owner, or had one that gave them away. */
const held = new WeakSet<ArrayBuffer>();

declare const given: unique symbol;

/** A buffer whose owner gave it away, so that it can be moved to another thread; only `OwnedBytes` makes one. */
export type GivenBuffer = ArrayBuffer & { readonly [given]: true };

/** Keeps a buffer that is filled again and again from becoming anybody's bytes: they are copied then. */
export function holdBuffer(buffer: ArrayBuffer): void {
  held.add(buffer);
}

export class OwnedBytes {
  readonly byteLength: number;

  private constructor(private bytes: Uint8Array<ArrayBuffer> | undefined) {
    this.byteLength = bytes?.byteLength ?? 0;
  }

  /** Takes over bytes that nobody else holds. RangeError when their buffer is not theirs alone. */
  static of(bytes: Uint8Array): OwnedBytes {
    const fault = faultOf(bytes);
    if (fault !== undefined) throw new RangeError(`invalid bytes to own: ${fault}`);
    return OwnedBytes.claim(bytes as Uint8Array<ArrayBuffer>); // shared memory is a fault
  }

  /** The same for bytes of another's making: a copy where their buffer is not theirs alone. RangeError when it was moved away. */
  static from(bytes: Uint8Array): OwnedBytes {
    if (isDetached(bytes)) throw new RangeError(`invalid bytes to own: ${MOVED}`);
    return faultOf(bytes) === undefined ? OwnedBytes.of(bytes) : OwnedBytes.claim(new Uint8Array(bytes));
  }

  private static claim(bytes: Uint8Array<ArrayBuffer>): OwnedBytes {
    held.add(bytes.buffer);
    return new OwnedBytes(bytes);
  }

  /** A view, good until the bytes are given away. RangeError after that. */
  view(): Uint8Array {
    if (!this.bytes) throw new RangeError("invalid use of bytes: they were given away");
    return this.bytes;
  }

  /** Gives the bytes away, with their buffer. RangeError the second time. */
  give(): GivenBuffer {
    const { buffer } = this.view();
    this.bytes = undefined;
    return buffer as GivenBuffer; // this is the one place that makes them
  }
}

const MOVED = "their buffer was moved away";

/** Why bytes have no buffer of their own, or undefined. */
function faultOf(bytes: Uint8Array): string | undefined {
  const { buffer, byteLength } = bytes;
  if (!(buffer instanceof ArrayBuffer)) return "they lie in shared memory";
  if (byteLength !== buffer.byteLength) return `they are ${byteLength} of ${buffer.byteLength} bytes of their buffer`;
  if (held.has(buffer)) return "their buffer has an owner, or was given away";
  return isDetached(bytes) ? MOVED : undefined;
}

/** Node 20 has no `detached`; a view on a buffer that was moved cannot be made. */
function isDetached({ buffer, byteLength }: Uint8Array): boolean {
  if (byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
