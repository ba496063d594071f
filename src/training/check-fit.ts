import { ConfigError } from "@ictal/base/errors";
import { createDetector, type Detector, type ModelConfig } from "../model/detector.js";

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Whole seconds next to `windowSeconds` that a network of this multiple takes. */
function fittingSeconds(windowSeconds: number, multiple: number, sampleRateHz: number): string {
  const step = multiple / greatestCommonDivisor(multiple, sampleRateHz);
  const below = Math.floor(windowSeconds / step) * step;
  return below > 0 ? `${below} or ${below + step} s` : `${below + step} s`;
}

/** Throws a ConfigError when windows of this length are no whole number of samples or the network cannot divide them. */
export function checkWindow(detector: Detector, windowSeconds: number, sampleRateHz: number): void {
  const { name, lengthMultiple } = detector;
  const samples = windowSeconds * sampleRateHz;
  if (Number.isSafeInteger(samples) && samples > 0 && samples % lengthMultiple === 0) return;
  const fitting = fittingSeconds(windowSeconds, lengthMultiple, sampleRateHz);
  throw new ConfigError(
    `windows of ${windowSeconds} s are ${samples} samples at ${sampleRateHz} Hz; ${name} takes multiples of ${lengthMultiple} samples, e.g. ${fitting}: change data.window_size or the model's strides`,
    { key: "data.window_size", value: windowSeconds, allowed: fitting },
  );
}

/** The detector of a model, which takes the channels of the cache where its own number is not given. */
export function detectorFor(model: ModelConfig, cache: { readonly channels: readonly string[] }): Detector {
  return createDetector({ ...model, inputChannels: model.inputChannels ?? cache.channels.length });
}

/** Throws a ConfigError when cache and network differ in channels, or the network cannot divide the windows. */
export function checkFits(
  detector: Detector,
  cache: { readonly channels: readonly string[]; readonly sampleRateHz: number },
  windowSeconds: number,
): void {
  const channels = cache.channels.length;
  if (channels !== detector.inputChannels) {
    const shown = cache.channels.slice(0, 4).join(", ") + (channels > 4 ? ", …" : "");
    const message = `the cache has ${channels} channels (${shown}), the model takes ${detector.inputChannels}; leave inputChannels out, or build the cache with other channels`;
    throw new ConfigError(message, {
      key: "model.inputChannels",
      value: detector.inputChannels,
      allowed: String(channels),
    });
  }
  checkWindow(detector, windowSeconds, cache.sampleRateHz);
}
