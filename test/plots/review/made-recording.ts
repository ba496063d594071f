import { createRandom } from "../../../src/base/random.js";
import type { ReviewRecording } from "../../../src/plots/review/recording.js";
import { ELECTRODES_19 } from "../../../src/signal/electrodes.js";

export interface MadeOptions {
  readonly seconds?: number;
  readonly sampleRateHz?: number;
  readonly electrodes?: readonly string[];
  readonly gaps?: ReviewRecording["signals"]["gaps"];
}

/** A recording of ten hertz and noise with two seizures, one of them found, and a false alarm; electrodes and an ECG. */
export function madeRecording(options: MadeOptions = {}): ReviewRecording {
  const { seconds = 120, sampleRateHz = 128, electrodes = ELECTRODES_19, gaps = [] } = options;
  const random = createRandom(5, "review");
  const channels = [
    ...electrodes.map((name) => ({ name, kind: "electrode" as const })),
    { name: "EKG1", kind: "heart" as const },
  ];
  const sampleCount = seconds * sampleRateHz;
  const samples = new Int16Array(channels.length * sampleCount);
  let slow = 0;
  for (let i = 0; i < samples.length; i++) {
    slow = 0.95 * slow + 6 * (random.uniform(i) - 0.5);
    const time = (i % sampleCount) / sampleRateHz;
    samples[i] = Math.round(slow + 10 * Math.sin(2 * Math.PI * 10 * time + i / sampleCount));
  }
  const found = { startSeconds: 0.5 * seconds, endSeconds: 0.6 * seconds };
  const missed = { startSeconds: 0.2 * seconds, endSeconds: 0.25 * seconds };
  const alarm = { startSeconds: 0.8 * seconds, endSeconds: 0.85 * seconds };
  const rateHz = 4;
  const probability = Float32Array.from({ length: seconds * rateHz }, (_, i) => {
    const at = i / rateHz;
    return [found, alarm].some((event) => at >= event.startSeconds && at < event.endSeconds) ? 0.95 : 0.1;
  });
  return {
    id: "dev/aaaaaaaa/s001_2001/01_tcp_ar/t000",
    signals: {
      channels,
      sampleRateHz,
      recordedRateHz: 250,
      sampleCount,
      durationSeconds: seconds,
      stepMicrovolts: 2,
      samples,
      gaps,
      excluded: [],
    },
    isLabelled: true,
    reference: [
      { ...missed, label: "fnsz" },
      { ...found, label: "gnsz" },
    ],
    detector: {
      ...{ probability, rateHz, onThreshold: 0.86, offThreshold: 0.78 },
      hypothesis: [
        { ...found, label: "seiz", confidence: 0.95 },
        { ...alarm, label: "seiz", confidence: 0.95 },
      ],
      misses: [missed],
      falseAlarms: [alarm],
    },
    caption: { corpus: "made", n: "1 recording" },
  };
}
