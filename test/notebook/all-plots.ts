import { createRandom } from "../../src/base/random.js";
import { aeegFigure } from "../../src/plots/aeeg.js";
import { channelMatrix } from "../../src/plots/channel-matrix.js";
import { detectionFigure } from "../../src/plots/detection.js";
import { eegPage } from "../../src/plots/eeg-page.js";
import type { Figure } from "../../src/plots/figure.js";
import { type AgreementRow, labelAgreement } from "../../src/plots/label-agreement.js";
import { patientTimeline, type SessionRow } from "../../src/plots/patient-timeline.js";
import { rocFigure } from "../../src/plots/roc.js";
import { type LabelledRow, labelTimeline, seizureLengths, timeShare } from "../../src/plots/seizure-labels.js";
import { trainingCurve } from "../../src/plots/training-curve.js";
import { typeConfusionFigure } from "../../src/plots/type-confusion.js";
import { windowClasses } from "../../src/plots/window-classes.js";
import type { EegPanel } from "../../src/recording/eeg-panel.js";
import { rocAndPrCurves } from "../../src/scoring/curves.js";
import { aeeg } from "../../src/signal/aeeg.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

const CAPTION = {
  corpus: "s3://a-bucket-of-recordings/tusz/v2.0.3 1f2e3d4c",
  n: "34 recordings",
  cacheKey: "6f1c0e9a2b7d",
  commit: "da60729",
};

const random = createRandom(7, "plots of the report");
const TYPES = ["fnsz", "gnsz", "cpsz", "absz", "tcsz", "mysz"];

/** Recordings of three splits with seizures of six types, one of them without labels. */
function labelledRows(): LabelledRow[] {
  return Array.from({ length: 24 }, (_, i) => ({
    id: `${["train", "dev", "eval"][i % 3]}/aaaaa${String(i).padStart(3, "0")}/s001_2015/01_tcp_ar/t00${i % 10}`,
    split: ["train", "dev", "eval"][i % 3]!,
    durationSeconds: 300 + 60 * (i % 7),
    status: i === 5 ? "unknown" : "labelled",
    seizures:
      i === 5 || i % 4 === 3
        ? []
        : [0, 1].map((k) => ({
            startSeconds: 20 + 130 * k,
            endSeconds: 20 + 130 * k + 8 + 60 * random.uniform(2 * i + k),
            label: TYPES[(i + k) % TYPES.length]!,
          })),
  }));
}

/** Nine pieces of three sessions of one patient. */
function sessionRows(): SessionRow[] {
  return labelledRows()
    .slice(0, 9)
    .map((row, i) => ({
      ...row,
      ...{ patient: "aaaaaaaa", session: `s00${1 + (i % 3)}_201${i % 3}`, montage: "01_tcp_ar", token: `t00${i}` },
    }));
}

/** Twenty recordings that agree, three that do not, two without a seizure. */
function agreementRows(): AgreementRow[] {
  return Array.from({ length: 25 }, (_, i) => {
    const seconds = i < 2 ? 0 : 10 + 200 * random.uniform(70_000 + i);
    const differenceSeconds = i > 21 ? 0.05 * 10 ** (i - 22) : 0;
    return {
      id: `train/a/s/m/t${i}`,
      agreement: { typedSeconds: seconds, binarySeconds: seconds + differenceSeconds, differenceSeconds },
    };
  });
}

/** All 19 with and without the ears, without Fz and Pz, and half of the head. */
function electrodeSets() {
  const example = "train/aaaaa001/s001_2015/01_tcp_ar/t000";
  return [
    { electrodes: [...ELECTRODES_19, "A1", "A2"], recordings: 5200, example },
    { electrodes: [...ELECTRODES_19], recordings: 1800, example },
    { electrodes: ELECTRODES_19.filter((name) => name !== "FZ" && name !== "PZ"), recordings: 249, example },
    { electrodes: [...ELECTRODES_19.slice(0, 8), "SP1"], recordings: 1, example },
  ];
}

function eegPanel(title: string, startSeconds: number): EegPanel {
  const rate = 256;
  const count = 10 * rate;
  const samples = Float32Array.from({ length: ELECTRODES_19.length * count }, (_, i) => {
    const wave = Math.sin((2 * Math.PI * 3 * (i % count)) / rate);
    return random.normal(startSeconds * 1e6 + i) + (i % count > count / 2 ? 3 * wave : 0);
  });
  const seizures = [{ startSeconds: startSeconds + 5, endSeconds: startSeconds + 60 }];
  return { title, channels: ELECTRODES_19, sampleRateHz: rate, startSeconds, samples, seizures };
}

/** Half an hour whose amplitude doubles between 900 and 1100 s. */
function trend(seed: number) {
  const x = Float32Array.from({ length: 1800 * 64 }, (_, i) => {
    const isSeizure = i >= 900 * 64 && i < 1100 * 64;
    return (isSeizure ? 40 : 20) * random.normal(seed * 1e7 + i);
  });
  return aeeg(x, { sampleRateHz: 64 });
}

/** Every plot of src/plots by name, from seeded data of the size that a notebook shows. */
export function allPlots(): Readonly<Record<string, Figure>> {
  const rows = labelledRows();
  const train = { ...CAPTION, split: "train" };
  const dev = { ...CAPTION, split: "dev" };
  const steps = Array.from({ length: 300 }, (_, i) => ({
    step: i + 1,
    loss: 1.4 * Math.exp(-i / 80) + 0.1 * random.uniform(9000 + i),
    learningRate: 1e-3 * Math.min(1, i / 50),
  }));
  const validations = [50, 100, 150, 200, 250, 300].map((step) => ({ step, value: 0.97 - 30 / (step + 30) ** 1.1 }));
  const truth = Array.from({ length: 4000 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const score = Float32Array.from(truth, (label, i) => 1 / (1 + Math.exp(-random.normal(20_000 + i) - 1.5 * label)));
  const probability = Float32Array.from({ length: 600 }, (_, i) =>
    Math.min(1, 0.12 * random.uniform(40_000 + i) + (i > 200 && i < 300 ? 0.85 : 0)),
  );
  return {
    seizureLengths: seizureLengths(rows, CAPTION),
    timeShare: timeShare(rows, CAPTION),
    labelTimeline: labelTimeline(rows, CAPTION),
    patientTimeline: patientTimeline(sessionRows(), "aaaaaaaa", CAPTION),
    labelAgreement: labelAgreement(agreementRows(), CAPTION),
    channelMatrix: channelMatrix(electrodeSets(), ELECTRODES_19, CAPTION),
    windowClasses: windowClasses(
      {
        "all windows": { partial: 120, full: 80, none: 3000, unknown: 40 },
        "balanced set": { partial: 120, full: 36, none: 300 },
      },
      train,
    ),
    eegPage: eegPage(
      "Two windows of the balanced set",
      [
        eegPanel("train/aaaaa001/s001_2015/01_tcp_ar/t000, 60 s", 60),
        eegPanel("train/aaaaa004/s001_2015/01_tcp_ar/t004, 310 s", 310),
      ],
      { caption: train },
    ),
    trainingCurve: trainingCurve(steps, validations, "dev AUROC", train),
    rocFigure: rocFigure(rocAndPrCurves(score, truth), dev, [
      { name: "10 FA in 24 h", threshold: 0.9 },
      { name: "1 FA in 24 h", threshold: 0.97 },
    ]),
    aeegFigure: aeegFigure({ "C3-P3": trend(1), "C4-P4": trend(2) }, [{ startSeconds: 900, endSeconds: 1100 }], dev),
    typeConfusionFigure: typeConfusionFigure(
      {
        rows: ["absz", "cpsz", "fnsz", "gnsz", "background"],
        columns: ["missed", "fnsz", "gnsz"],
        counts: [
          [3, 0, 1],
          [2, 9, 1],
          [14, 31, 2],
          [5, 3, 22],
          [0, 17, 4],
        ],
      },
      dev,
    ),
    detectionFigure: detectionFigure(
      {
        id: "dev/aaaaa001/s001_2015/01_tcp_ar/t000",
        rateHz: 1,
        probability,
        reference: [{ startSeconds: 195, endSeconds: 305 }],
        hypothesis: [
          { startSeconds: 202, endSeconds: 299 },
          { startSeconds: 450, endSeconds: 462 },
        ],
        onThreshold: 0.8,
        offThreshold: 0.6,
      },
      { ...dev, n: "1 recording" },
    ),
  };
}
