// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { type Spectrum, welch } from "./spectrum.js";

/** Mean over channels of the power spectral densities of `samples` (`[channel, sample]`); zero channels count as they are. */
export function meanSpectrum(samples: Float32Array, channelCount: number, sampleRateHz: number): Spectrum {
  const length = samples.length / channelCount;
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`invalid samples: ${samples.length} values for ${channelCount} channels`);
  const spectra = Array.from({ length: channelCount }, (_, channel) =>
    welch(samples.subarray(channel * length, (channel + 1) * length), { sampleRateHz }),
  );
  const [first] = spectra;
  if (!first) throw new RangeError(`invalid channelCount: ${channelCount}`);
  const power = new Float64Array(first.power.length);
  for (const spectrum of spectra)
    for (const [bin, value] of spectrum.power.entries()) power[bin]! += value / channelCount;
  return { frequenciesHz: first.frequenciesHz, power };
}
