/**
 * Filters, resamplers, spectra, montages and the preprocessing chain.
 * @module ictal/signal
 */
export { type Aeeg, aeeg } from "../signal/aeeg.js";
export { type BandRiseOptions, bandRise } from "../signal/band-rise.js";
export { createFilterState, sosfiltInto } from "../signal/biquads.js";
export { type BandEdges, butterworth, cascade, notch, type Sections } from "../signal/butterworth.js";
export {
  type Chain,
  type ChainOptions,
  chainHash,
  createChain,
  DEFAULT_CHAIN,
  REFERENCE_CHAIN,
} from "../signal/chain.js";
export { ELECTRODES_19, electrodePosition, isScalpElectrode } from "../signal/electrodes.js";
export { meanSpectrum } from "../signal/mean-spectrum.js";
export { montageOf } from "../signal/montages.js";
export { resamplePolyphase } from "../signal/resampler.js";
export { bandPowers, EEG_BANDS, type Spectrum, spectrogram, welch } from "../signal/spectrum.js";
export { sosfiltfilt } from "../signal/zero-phase.js";
