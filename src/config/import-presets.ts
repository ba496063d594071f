/** Configurations that go with weights as they were published, by the name of their detector. */

/**
 * keruiwu/SeizureTransformer, utils.py: preprocessing as the chain of the same name says, windows of 60 s without overlap, threshold
 * 0.8, opening and closing of 5 samples at 256 Hz, events of at least 2 s. One threshold is two that touch here.
 */
const SEIZURE_TRANSFORMER = `
model: { name: seizure_transformer }
data: { sampling_rate: 256, window_size: 60, stride: 60, sample_type: float32 }
preprocessing:
  preset: seizure_transformer
  bandpass: [0.5, 120]
  notch_freq: 60
  notch_q: 30
  filter_order: 3
  phase: causal
  reference: recorded
  clip: 1000
postprocessing:
  hysteresis: { tau_on: 0.8, tau_off: 0.7999, min_onset_samples: 1, min_offset_samples: 1 }
  morphology: { opening_kernel: 5, closing_kernel: 5 }
  duration: { min_duration_s: 2, max_duration_s: 86400 }
  events: { tau_merge: 0 }
`;

const PRESETS: Readonly<Record<string, string>> = { seizure_transformer: SEIZURE_TRANSFORMER };

/** The configuration that published weights of a detector were made for, as YAML; the detector's name alone where none is known. */
export function importPreset(model: string): string {
  return PRESETS[model] ?? `model: { name: ${model} }\n`;
}
