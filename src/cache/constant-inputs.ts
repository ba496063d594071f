import { decodeWordsInto, type SampleBlock } from "../signal/sample-block.js";

/** Samples looked at in one go, of each input. */
const LOOK_SAMPLES = 4096;

/** Follows which inputs never change: such an electrode is not connected, whatever the filters make of its level. */
export class ConstantInputs {
  private readonly first: (number | undefined)[];
  readonly constant: boolean[];
  constructor(count: number) {
    this.first = new Array<number | undefined>(count);
    this.constant = new Array<boolean>(count).fill(true);
  }

  look(block: SampleBlock): void {
    for (let start = 0; start < block.sampleCount && this.constant.includes(true); start += LOOK_SAMPLES) {
      const count = Math.min(LOOK_SAMPLES, block.sampleCount - start);
      const samples = Array.from({ length: block.inputCount }, () => new Float32Array(count));
      block.loadInto(samples, start, start + count, decodeWordsInto);
      this.lookAt(samples);
    }
  }

  private lookAt(samples: readonly Float32Array[]): void {
    for (const [input, values] of samples.entries()) {
      if (!this.constant[input]) continue;
      const first = this.first[input] ?? values[0]!;
      this.first[input] = first;
      this.constant[input] = values.every((value) => value === first);
    }
  }
}
