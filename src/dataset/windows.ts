import { createFiller, slotOf, type WindowOrigin, type WindowRow } from "./fill-batch.js";
import type { WindowIndex } from "./index-windows.js";
import type { WindowReader } from "./window-reader.js";

/** One window with where it comes from; its arrays belong to the caller. */
export interface Window extends WindowOrigin {
  /** `[channel, sample]`, standard deviations; zeros in padding. */
  readonly samples: Float32Array;
  /** `[sample]`, 1 seizure, 0 not. */
  readonly labels: Float32Array;
  /** `[sample]`, 1 where sample and label exist. */
  readonly mask: Float32Array;
}

/** The windows of an index, one at a time. */
export interface Windows {
  readonly count: number;
  readonly channels: readonly string[];
  readonly windowSamples: number;
  /** Window `window` of the index. RangeError when there is none; CacheError as `WindowReader.readInto`'s. */
  read(window: number): Promise<Window>;
  /** The same without waiting. */
  readSync(window: number): Window;
}

/** Windows of `index` to be read by number. */
export function openWindows(reader: WindowReader, index: WindowIndex): Windows {
  const { windowSamples } = index;
  const filler = createFiller(reader, { windowSamples, seed: 0, epoch: 0 });
  const shape = { batchSize: 1, channelCount: reader.channelCount, windowSamples };
  const rowOf = (window: number): WindowRow => {
    if (!Number.isInteger(window) || window < 0 || window >= index.count)
      throw new RangeError(`invalid window: ${window} of ${index.count}`);
    const [recording, startSample] = [index.recording[window]!, index.startSample[window]!];
    return { position: 0, window, recording, startSample, seizureShare: index.seizureShare[window]! };
  };
  return {
    count: index.count,
    channels: reader.manifest.channels,
    windowSamples,
    async read(window) {
      const { samples, labels, mask, buffer } = slotOf(shape);
      const [origin] = await filler.fill({ samples, labels, mask, buffer }, [rowOf(window)], 1);
      return { ...origin!, samples, labels, mask };
    },
    readSync(window) {
      const { samples, labels, mask, buffer } = slotOf(shape);
      const [origin] = filler.fillSync({ samples, labels, mask, buffer }, [rowOf(window)]);
      return { ...origin!, samples, labels, mask };
    },
  };
}
