/** One example for each door of the package, as a user would write it: checked against the published types, then run. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  edf: `import { bytesSource, encodeEdf, readEdfBlocks, readEdfHeader } from "ictal/edf";
const samples = Float32Array.from({ length: 256 }, (_, i) => 50 * Math.sin(i / 4));
const bytes = encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals: [{ label: "EEG FP1-REF", samplesPerRecord: 256, unit: "uV", physicalMin: -100, physicalMax: 100, samples }] });
const source = bytesSource("a.edf", bytes);
const header = await readEdfHeader(source);
let count = 0;
for await (const block of readEdfBlocks(source, header, { signals: [0] })) count += block.samples[0]!.length;
if (header.signals.length !== 1 || count !== 256) throw new Error(String(count));
`,
  annotations: `import { readAnnotations, seizureEvents, writeCsvBi } from "ictal/annotations";
const seizure = { startSeconds: 1, endSeconds: 5, label: "seiz", confidence: 1 };
const text = writeCsvBi({ events: [seizure], durationSeconds: 10, recordingName: "a" });
const events = seizureEvents(readAnnotations(text, { file: "a.csv_bi" }));
if (events.length !== 1 || events[0]!.endSeconds !== 5) throw new Error(JSON.stringify(events));
`,
  store: `import { memoryStore } from "ictal/store";
const store = memoryStore({ "a/b.txt": new TextEncoder().encode("text") });
const found = await store.stat("a/b.txt");
if (found?.size !== 4) throw new Error(String(found?.size));
`,
  corpus: `import { readCatalogue } from "ictal/corpus";
import { memoryStore } from "ictal/store";
const message = await readCatalogue(memoryStore({})).then(() => "read", (error: Error) => error.message);
if (!message.startsWith("no recordings")) throw new Error(message);
`,
  signal: `import { butterworth, resamplePolyphase, welch } from "ictal/signal";
const signal = Float64Array.from({ length: 1024 }, (_, i) => Math.sin((2 * Math.PI * 10 * i) / 256));
const [half] = resamplePolyphase([signal], 1, 2);
const sections = butterworth(4, { lowCutHz: 0.5, highCutHz: 40 }, 256);
const { frequenciesHz, power } = welch(signal, { sampleRateHz: 256 });
const peak = frequenciesHz[power.indexOf(Math.max(...power))]!;
if (half!.length !== 512 || sections.length === 0 || Math.abs(peak - 10) > 1) throw new Error(String(peak));
`,
  cache: `import { openCache } from "ictal/cache";
const message = await openCache("none").then(() => "opened", (error: Error) => error.message);
if (message === "opened") throw new Error("there is no cache");
`,
  dataset: `import { epochOrder } from "ictal/dataset";
const order = epochOrder(5, 42, 0);
if (order.length !== 5) throw new Error(String(order.length));
`,
  tensor: `import { probeExecutors } from "ictal/tensor";
if (typeof probeExecutors !== "function") throw new Error("no probe");
`,
  model: `import { createDetector, parameterCount } from "ictal/model";
if (typeof createDetector !== "function" || typeof parameterCount !== "function") throw new Error("no detector");
`,
  training: `import { startTraining, type TrainOptions } from "ictal/training";
const start: (options: TrainOptions) => unknown = startTraining;
if (typeof start !== "function") throw new Error("no training");
`,
  scoring: `import { auroc, scoreSzcore } from "ictal/scoring";
const seizure = { startSeconds: 10, endSeconds: 20, label: "seiz", confidence: 1 };
const score = scoreSzcore([{ id: "a", patient: "p", durationSeconds: 100, reference: [seizure], hypothesis: [seizure] }]);
if (score === undefined || !(auroc(Float32Array.of(0.1, 0.9), [0, 1]) === 1)) throw new Error("wrong score");
`,
  plots: `import { makeFigure } from "ictal/plots";
if (typeof makeFigure !== "function") throw new Error("no figure");
`,
  cluster: `import { makePlan } from "ictal/cluster";
const plan = makePlan("cache", [{ items: 1, commands: [["--version"]], inputs: 1 }]);
if (plan.kind !== "cache") throw new Error(plan.kind);
`,
  notebook: `import { display } from "ictal/notebook";
display({ answer: 42 });
`,
};
