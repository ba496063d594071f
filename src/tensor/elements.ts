/** The numbers of a traced tensor's core. */

/** Numbers of one of the three types that tensors have. */
export type Elements = Float32Array | Int32Array | Uint8Array;

/** `elements` repeated to `size`: a single one stands for equal ones. */
export function expanded(elements: Elements, size: number): Elements {
  return elements.length === size
    ? elements
    : new (elements.constructor as new (n: number) => Elements)(size).fill(elements[0] ?? 0);
}

/** True for elements that are all the same, and at least one. */
export function isConstantFill(values: Elements): boolean {
  const first = values[0];
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false;
  return values.length > 0;
}
