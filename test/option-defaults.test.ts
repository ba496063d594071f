/**
 * Defaults that stand in the source where an option is read (`{ count = 16 } = options`, `options.count ?? 16`), of every
 * option that documents one: frozen, and compared with what its `@default` says. The values of the option tables are frozen
 * in defaults.test.ts; here they are compared with what is documented.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { OptionTable } from "../src/base/option-table.js";
import { CACHE_OPTIONS } from "../src/cache/cache-options.js";
import { BALANCE_OPTIONS } from "../src/dataset/balance-options.js";
import { SPLIT_OPTIONS, WINDOW_OPTIONS } from "../src/dataset/window-options.js";
import { EEGNET_OPTIONS } from "../src/model/detectors/eegnet-options.js";
import { SEIZURE_DETECTOR_OPTIONS } from "../src/model/detectors/seizure-detector-options.js";
import { SEIZURE_TRANSFORMER_OPTIONS } from "../src/model/detectors/seizure-transformer-options.js";
import { UNET_OPTIONS } from "../src/model/detectors/unet-options.js";
import { POSTPROCESS_OPTIONS } from "../src/scoring/postprocess-options.js";
import { CHAIN_OPTIONS } from "../src/signal/chain-options.js";
import { LOSS_OPTIONS, TERM_WEIGHT_OPTIONS } from "../src/training/loss-options.js";
import { OPTIMIZER_OPTIONS } from "../src/training/optimizer-options.js";
import { RUN_OPTIONS, STITCHING_OPTIONS } from "../src/training/run-options.js";
import { SCHEDULE_OPTIONS } from "../src/training/schedule-options.js";

const project = fileURLToPath(new URL("../../", import.meta.url));
const source = join(project, "src");

/** Folders of source by what stands before the names of their files in the list below. */
const SOURCES: Readonly<Record<string, string>> = {
  "": source,
  "@ictal/base/": join(project, "kernels/base/src"),
  "@ictal/jupyter/": join(project, "kernels/typescript/src"),
};

interface OptionDefault {
  readonly file: string;
  readonly option: string;
  readonly documented: string;
  /** As the source has it; a constant of the same file by its value. */
  readonly code: string;
}

const textOf = (comment: Parameters<typeof ts.getTextOfJSDocComment>[0]) =>
  (ts.getTextOfJSDocComment(comment) ?? "").trim().replace(/\s+/g, " ");

function documentedIn(file: ts.SourceFile): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node)) {
      const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === "default");
      if (tag) found.set(node.name.getText(file), textOf(tag.comment));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function constantsOf(file: ts.SourceFile): Map<string, string> {
  const declared = file.statements.flatMap((node) =>
    ts.isVariableStatement(node) ? [...node.declarationList.declarations] : [],
  );
  return new Map(declared.map(({ name, initializer }) => [name.getText(file), initializer?.getText(file) ?? ""]));
}

/** What stands in for an option that is not given, by option. */
function fallbacksIn(file: ts.SourceFile): [option: string, code: string][] {
  const found: [string, string][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isBindingElement(node) && node.initializer)
      found.push([(node.propertyName ?? node.name).getText(file), node.initializer.getText(file)]);
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
      const { left, right } = node;
      if (ts.isPropertyAccessExpression(left)) found.push([left.name.text, right.getText(file)]);
      if (ts.isIdentifier(left)) found.push([left.text, right.getText(file)]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function defaultsOf(folder: string, path: string, name: string): OptionDefault[] {
  const text = readFileSync(join(folder, path), "utf8");
  if (!text.includes("@default")) return [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const documented = documentedIn(file);
  const constants = constantsOf(file);
  const all = fallbacksIn(file).flatMap(([option, code]) => {
    const said = documented.get(option);
    const value = (constants.get(code) ?? code).replace(/\s+/g, " ");
    return said === undefined ? [] : [{ file: name, option, documented: said, code: value }];
  });
  return all.filter(
    ({ option, code }, i) => all.findIndex((each) => each.option === option && each.code === code) === i,
  );
}

const defaults = Object.entries(SOURCES).flatMap(([before, folder]) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .flatMap((path) => defaultsOf(folder, path, `${before}${path.replaceAll("\\", "/")}`)),
);

const LITERAL = /^(?:-?\d[\d_]*(?:\.\d+)?(?:e-?\d+)?|"[^"]*"|true|false|\[.*\])$/;

/** Changing a default is a visible change: edit this list with it. What is computed is not listed. */
const FROZEN = `
base/option-table.ts minLength: 1
base/value-ranges.ts segments: [{ start: 0, end: probability.length }]
base/worker-pool.ts name: "worker thread"
cache/build.ts verify: false
cache/build.ts accept: ["not-in-catalogue"]
cache/normalize.ts segmentStarts: []
cache/verify.ts key: "a folder with cache.json"
cli/crossval-report.ts calibrate: false
cli/optimism.ts isSearched: false
cluster/modal/sandboxes.ts gpu: "A100-80GB"
cluster/pool.ts retries: 1
cluster/pool.ts retryWaitSeconds: 0
cluster/pool.ts jobs: 1
cluster/watch/webhook.ts pausesMilliseconds: [1000, 5000, 20_000]
cluster/watch/webhook.ts timeoutMilliseconds: 10_000
corpus/catalogue.ts prefix: ""
corpus/corpus-source.ts seed: 42
corpus/corpus-source.ts port: 0
corpus/duplicates.ts concurrency: 8
corpus/ictal-spectra.ts secondsPerSeizure: 30
corpus/ictal-spectra.ts marginSeconds: 30
corpus/ictal-spectra.ts highHz: 40
corpus/ictal-spectra.ts concurrency: 4
corpus/inspect.ts concurrency: 16
corpus/synthetic/corpus-plan.ts seed: 42
corpus/synthetic/corpus-plan.ts maxDurationSeconds: 600
corpus/synthetic/corpus-plan.ts background: 0
corpus/synthetic/inject.ts seed: 42
dataset/batches.ts workers: 0
dataset/batches.ts concurrency: 4
dataset/batches.ts seed: 0
dataset/batches.ts epoch: 0
dataset/batches.ts startPosition: 0
dataset/line-length.ts smoothSeconds: 10
dataset/npz/archive.ts level: 1
dataset/npz/import-npz.ts split: "train"
dataset/window-reader.ts openFiles: 64
model/export-onnx.ts batchSize: 1
model/layers.ts stride: 1
model/layers.ts dilation: 1
model/layers.ts isCausal: false
model/parameters.ts bias: true
plots/eeg-page.ts spacing: 8
plots/eeg-page.ts pointsPerChannel: 800
plots/eeg-page.ts unit: "SD"
plots/eeg-page.ts columns: 2
plots/review/mistake-gallery.ts count: 6
plots/review/mistake-gallery.ts spacingMicrovolts: 100
plots/review/page-traces.ts startSeconds: 0
plots/review/page-traces.ts pageSeconds: 10
plots/review/review-figure.ts microvoltsPerMillimetre: 7
recording/annotation-table.ts isOwn: false
recording/annotation-write.ts recordingName: ""
recording/annotation-write.ts accept: []
recording/edf-deidentify.ts annotations: "blank"
recording/edf-deidentify.ts labels: "blank"
recording/edf-page.ts startSeconds: 0
recording/edf-page.ts durationSeconds: 10
recording/edf-page.ts seizures: []
recording/edf-records.ts startRecord: 0
recording/edf-spec.ts startDate: "01.01.85"
recording/edf-spec.ts startTime: "00.00.00"
recording/edf-spec.ts transducer: ""
recording/edf-spec.ts unit: "uV"
recording/edf-spec.ts prefilter: ""
scoring/bootstrap.ts replicates: 1000
scoring/dev-metrics.ts falseAlarmRates: []
scoring/experts.ts margin: 0.1
scoring/onset-latency.ts stretchStartsSeconds: [0]
scoring/operating-points.ts forceEval: false
scoring/operating-points.ts scorer: "szcore"
scoring/patient-interval.ts level: 0.95
scoring/sign-flip.ts replicates: 9999
signal/aeeg.ts epochSeconds: 15
signal/aeeg.ts lowCutHz: 2
signal/band-rise.ts seconds: 10
store/pull.ts concurrency: 16
store/pull.ts prefix: ""
store/pull.ts checkSpace: true
store/s3-options.ts maxConnections: 256
store/s3-options.ts connectMilliseconds: 2500
store/server/s3-faults.ts times: 1
store/server/s3-faults.ts operation: "get"
store/server/s3-faults.ts afterBytes: 0
store/server/s3-faults.ts bytesPerSecond: 1024
store/server/s3-server.ts port: 0
store/server/s3-server.ts accessKeyId: "ictal"
store/server/s3-server.ts region: "us-east-1"
store/server/s3-server.ts checksums: true
store/server/s3-server.ts region: ""
tensor/norms.ts epsilon: 1e-5
tensor/ops.ts stride: 1
tensor/ops.ts padding: "valid"
tensor/ops.ts dilation: 1
tensor/tensorflow/build.ts python: "python3"
training/baseline.ts windowSeconds: 8
training/baseline.ts strideSeconds: 2
training/guards.ts window: 50
training/logistic-regression.ts ridge: 20
training/logistic-regression.ts balanced: true
training/predict-recordings.ts split: "(all but eval)"
training/predict-recordings.ts batchSize: 16
training/predict-recordings.ts storeAs: "float16"
training/predict-recordings.ts allowOtherCache: false
training/train-program.ts gradientCheckpointing: false
training/train-program.ts accumulate: false
@ictal/base/action.ts exitCode: 0
@ictal/base/lock.ts patienceMilliseconds: 10_000
@ictal/base/lock.ts heartbeatMilliseconds: 5000
@ictal/jupyter/browser/figure-painter.ts format: "png"
@ictal/jupyter/browser/figure-painter.ts scale: 2
@ictal/jupyter/kernel/magics/install.ts threads: []
@ictal/jupyter/widgets/control.ts isInput: true
@ictal/jupyter/widgets/control.ts key: "value"
@ictal/jupyter/widgets/control.ts description: ""
@ictal/jupyter/widgets/control.ts disabled: false
@ictal/jupyter/widgets/controls.ts step: 1
@ictal/jupyter/widgets/controls.ts continuous: true
@ictal/jupyter/widgets/model.ts hasView: true
`;

test("options fall back on exactly what is listed here", () => {
  const lines = defaults
    .filter(({ code }) => LITERAL.test(code))
    .map(({ file, option, code }) => `${file} ${option}: ${code}`);
  assert.deepEqual(
    lines,
    FROZEN.trim()
      .split("\n")
      .map((line) => line.replace(/^ +/, "")),
  );
});

/** A literal as a value; documentation may give milliseconds in seconds. */
function amountOf(literal: string, unit = ""): unknown {
  if (/^[\d-]/.test(literal)) return Number(literal.replaceAll("_", "")) * (unit === "s" ? 1000 : 1);
  return literal;
}

/** The tables of the options that a file documents. */
const TABLES: Readonly<Record<string, OptionTable>> = {
  "cache/build.ts": CACHE_OPTIONS,
  "dataset/balance-options.ts": BALANCE_OPTIONS,
  "dataset/index-windows.ts": WINDOW_OPTIONS,
  "dataset/npz/import-npz.ts": { ...WINDOW_OPTIONS, ...CACHE_OPTIONS },
  "model/detectors/eegnet-options.ts": EEGNET_OPTIONS,
  "model/detectors/seizure-detector-options.ts": SEIZURE_DETECTOR_OPTIONS,
  "model/detectors/seizure-transformer-options.ts": SEIZURE_TRANSFORMER_OPTIONS,
  "model/detectors/unet-options.ts": UNET_OPTIONS,
  "scoring/postprocess-options.ts": POSTPROCESS_OPTIONS,
  "signal/chain-options.ts": CHAIN_OPTIONS,
  "training/loss-options.ts": { ...LOSS_OPTIONS, ...TERM_WEIGHT_OPTIONS },
  "training/optimizer-options.ts": OPTIMIZER_OPTIONS,
  "training/options.ts": { ...RUN_OPTIONS, ...WINDOW_OPTIONS, ...SPLIT_OPTIONS },
  "training/predict.ts": STITCHING_OPTIONS,
  "training/schedule-options.ts": SCHEDULE_OPTIONS,
};

function documentedFor(path: string): Map<string, string> {
  const file = ts.createSourceFile(path, readFileSync(join(source, path), "utf8"), ts.ScriptTarget.Latest, true);
  return documentedIn(file);
}

const inTables = Object.entries(TABLES).flatMap(([file, table]): OptionDefault[] => {
  const documented = documentedFor(file);
  return Object.entries(table).flatMap(([option, { default: usual }]) => {
    const said = documented.get(option);
    if (said === undefined || usual === undefined) return [];
    return [{ file, option, documented: said, code: JSON.stringify(usual).replaceAll(",", ", ") }];
  });
});

test("a default of a table is the one that the documentation of its option names", () => {
  const literals = inTables.filter(
    ({ documented }) => LITERAL.test(documented.replace(/[,:;] .*/, "")) || documented.startsWith("["),
  );
  assert.ok(literals.length > 70, `${literals.length} literals`);
  const wrong = literals.filter(({ documented, code }) => {
    if (code.startsWith("[")) return documented !== code;
    return amountOf(documented.replace(/[,:;] .*/, "")) !== amountOf(code);
  });
  assert.deepEqual(wrong, []);
});

test("a literal default is the one that the documentation of its option names", () => {
  const literals = defaults.filter(({ code }) => LITERAL.test(code));
  assert.ok(literals.length > 80, `${literals.length} literals`); // the rest stands in tables
  const wrong = literals.filter(({ option, documented, code }) => {
    const [said = "", unit] = documented.split(/[,:;]? /);
    const isTime = option.endsWith("Milliseconds");
    return !code.startsWith("[") && LITERAL.test(said) && amountOf(said, isTime ? unit : "") !== amountOf(code);
  });
  assert.deepEqual(wrong, []);
});
