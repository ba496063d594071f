import { type Spectrum, welch } from "./spectrum.js";

/** Mean over channels of the power spectral densities of `samples` (`[channel, sample]`); zero channels count as they are. */
export function meanSpectrum(samples: Float32Array, channelCount: number, sampleRateHz: number): Spectrum {
  const length = samples.length / channelCount;
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`invalid samples: ${samples.length} values for ${channelCount} channels`);
  const spectra = Array.from({ length: channelCount }, (_, channel) =>
    welch(samples.subarray(channel * length, (channel + 1) * length), { sampleRateHz }),
  );
  const { frequenciesHz } = spectra[0]!;
  const power = frequenciesHz.map((_, bin) => spectra.reduce((sum, each) => sum + each.power[bin]! / channelCount, 0));
  return { frequenciesHz, power };
}
