/** Follows which inputs never change: such an electrode is not connected, whatever the filters make of its level. */
export class ConstantInputs {
  private first: Float32Array | undefined;
  /** Per input. */
  readonly constant: boolean[];
  constructor(count: number) {
    this.constant = new Array<boolean>(count).fill(true);
  }

  /** The next stretch lies behind a gap: an input that is constant there too may have another level. */
  restart(): void {
    this.first = undefined;
  }

  /** Take the next stretch: least and greatest value of each input, shape [input, 2]. */
  look(extremes: Float32Array): void {
    this.first ??= extremes.slice();
    for (let input = 0; input < this.constant.length; input++) {
      const level = this.first[2 * input];
      if (extremes[2 * input] !== level || extremes[2 * input + 1] !== level) this.constant[input] = false;
    }
  }
}
