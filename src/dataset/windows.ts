import { createFiller, type Slot, slotOf, type WindowOrigin } from "./fill-batch.js";
import { type WindowIndex, windowRow } from "./index-windows.js";
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
  read(window: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<Window>;
  /** The same without waiting. */
  readSync(window: number): Window;
}

/** Windows of `index` to be read by number. */
export function openWindows(reader: WindowReader, index: WindowIndex): Windows {
  const { windowSamples } = index;
  const filler = createFiller(reader, { windowSamples, seed: 0, epoch: 0 });
  const shape = { batchSize: 1, channelCount: reader.channelCount, windowSamples };
  const windowOf = (origins: readonly WindowOrigin[], { samples, labels, mask }: Slot): Window => {
    const [origin] = origins;
    if (!origin) throw new RangeError("invalid window: nothing was read");
    return { ...origin, samples, labels, mask };
  };
  return {
    count: index.count,
    channels: reader.manifest.channels,
    windowSamples,
    async read(window, { signal } = {}) {
      const slot = slotOf(shape);
      return windowOf(await filler.fill(slot, [windowRow(index, window, 0)], 1, signal), slot);
    },
    readSync(window) {
      const slot = slotOf(shape);
      return windowOf(filler.fillSync(slot, [windowRow(index, window, 0)]), slot);
    },
  };
}
