import type { ByteSource } from "./byte-source.js";

/**
 * `source`, each byte of which is shown to `take` once and in order, as far as it is read in ascending order; reads begun
 * together are answered in the order of their beginning. What was passed over is shown when it is read later; `end()` says
 * up to where the bytes were shown.
 */
export function tappedSource(
  source: ByteSource,
  take: (bytes: Uint8Array) => void,
): { readonly source: ByteSource; end(): number } {
  let next = 0;
  let earlier: Promise<unknown> = Promise.resolve();
  const show = (start: number, bytes: Uint8Array) => {
    const end = start + bytes.byteLength;
    if (start > next || end <= next) return;
    take(bytes.subarray(next - start));
    next = end;
  };
  /** A later read that comes first waits: its bytes could not be shown before those of the earlier one. */
  const inTurn = <T>(reading: Promise<T>, shown: (result: T) => void): Promise<T> => {
    const before = earlier;
    const done = (async () => {
      const [result] = await Promise.all([reading, before]);
      shown(result);
      return result;
    })();
    earlier = done.catch(() => undefined);
    return done;
  };
  const { readInto } = source;
  return {
    source: {
      name: source.name,
      byteLength: source.byteLength,
      ...(source.blockBytes !== undefined && { blockBytes: source.blockBytes }),
      read: (start, end) => inTurn(source.read(start, end), (bytes) => show(start, bytes)),
      ...(readInto && {
        readInto: (out: Uint8Array, start: number) =>
          inTurn(readInto.call(source, out, start), (filled) => show(start, out.subarray(0, filled))),
      }),
      close: source.close?.bind(source),
    },
    end: () => next,
  };
}
