/**
 * A lossless code of integer signals for a byte compressor: differences of order one, two or three (each sample minus its
 * prediction from the previous ones), zigzag, variable-length bytes of seven bits.
 */

const ORDERS = [1, 2, 3] as const;

/** The order with the smallest sum of absolute differences. */
function bestOrder(samples: Int16Array): number {
  const sums = [0, 0, 0];
  let [a, b, c] = [0, 0, 0]; // the sample before, and its first and second difference
  for (let i = 0; i < samples.length; i++) {
    const first = samples[i]! - a;
    const second = first - b;
    const third = second - c;
    sums[0]! += Math.abs(first);
    sums[1]! += Math.abs(second);
    sums[2]! += Math.abs(third);
    a = samples[i]!;
    b = first;
    c = second;
  }
  return ORDERS[sums.indexOf(Math.min(...sums))]!;
}

/** The samples as bytes: the order, then the differences. */
export function encodeDeltas(samples: Int16Array): Uint8Array {
  const order = bestOrder(samples);
  const bytes = new Uint8Array(1 + 3 * samples.length); // a third difference of 16 bits has 19
  bytes[0] = order;
  let at = 1;
  const previous = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    let difference = samples[i]!;
    for (let k = 0; k < order; k++) {
      const next = difference - previous[k]!;
      previous[k] = difference;
      difference = next;
    }
    let code = ((difference << 1) ^ (difference >> 31)) >>> 0;
    while (code > 127) {
      bytes[at++] = (code & 127) | 128;
      code >>>= 7;
    }
    bytes[at++] = code;
  }
  return bytes.slice(0, at);
}

/** Fills `out` from bytes of `encodeDeltas` at `from`; returns where they end. RangeError when the bytes end before. */
export function decodeDeltasInto(out: Int16Array, bytes: Uint8Array, from: number): number {
  const order = bytes[from]!;
  let at = from + 1;
  let a = 0;
  let b = 0;
  let c = 0;
  for (let i = 0; i < out.length; i++) {
    let code = 0;
    let shift = 0;
    let byte = 0;
    do {
      byte = bytes[at++]!;
      code |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    let difference = (code >>> 1) ^ -(code & 1);
    if (order > 2) c = difference += c;
    if (order > 1) b = difference += b;
    a += difference;
    out[i] = a;
  }
  if (at > bytes.length) throw new RangeError(`invalid bytes: they end before ${out.length} samples`);
  return at;
}
