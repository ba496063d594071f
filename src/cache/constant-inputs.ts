/** Finds inputs that never change: such an electrode is not connected, whatever the filters make of its level. */
export class ConstantInputs {
  /** Extremes of the first samples of this segment, shape [input, 2]. */
  #first: Float32Array | undefined;
  /** Per input. */
  readonly constant: boolean[];

  constructor(count: number) {
    this.constant = new Array<boolean>(count).fill(true);
  }

  /** A new segment begins: an input that is constant there too may have another level. */
  restart(): void {
    this.#first = undefined;
  }

  /** Add the least and greatest value of each input over the next samples, shape [input, 2]. */
  add(extremes: Float32Array): void {
    this.#first ??= extremes.slice();
    for (let input = 0; input < this.constant.length; input++) {
      const level = this.#first[2 * input];
      if (extremes[2 * input] !== level || extremes[2 * input + 1] !== level) this.constant[input] = false;
    }
  }
}
