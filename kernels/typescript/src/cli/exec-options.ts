import type { GivenParameters } from "../parameters/parameter-values.js";
import type { ExecuteOptions } from "../runner/execute-options.js";
import type { StillImages } from "../runner/still-images.js";
import type { NotebookWords } from "./exec-args.js";

/** What commander hands over for the flags of `notebook exec`. */
export interface ExecOptions {
  output?: string;
  parametersFile?: string[];
  parametersYaml?: string[];
  parametersBase64?: string[];
  kernel?: string;
  cellTimeout?: number;
  executionTimeout?: number;
  timeout?: number;
  totalTimeout?: number;
  startTimeout?: number;
  saveInterval?: number;
  autosaveCellEvery?: number;
  maxOutput?: number;
  allowLateErrors?: boolean;
  prepareOnly?: boolean;
  resume?: boolean;
  helpNotebook?: boolean;
  images: StillImages;
  log?: string;
  check?: boolean;
  checkTagged?: boolean;
  sanitize?: string[];
  tolerance?: number;
  cwd?: string;
  injectPaths?: boolean;
  injectInputPath?: boolean;
  injectOutputPath?: boolean;
  stdoutFile?: string;
  stderrFile?: string;
  allowErrors?: boolean;
  reportMode?: boolean;
  jobs?: number;
  report?: boolean;
  json?: boolean;
}

function givenParameters(words: NotebookWords, options: ExecOptions): GivenParameters {
  return {
    typed: words.typed,
    raw: words.raw,
    files: options.parametersFile ?? [],
    yaml: options.parametersYaml ?? [],
    base64: options.parametersBase64 ?? [],
  };
}

/** The options of executeNotebook that are the same for every notebook of a call. */
export function runOptions(options: ExecOptions, words: NotebookWords): Partial<ExecuteOptions> {
  const timeoutSeconds = options.timeout ?? options.totalTimeout;
  const cellTimeoutSeconds = options.cellTimeout ?? options.executionTimeout;
  const saveIntervalSeconds = options.saveInterval ?? options.autosaveCellEvery;
  return {
    ...(options.kernel === undefined ? {} : { kernelName: options.kernel }),
    ...(cellTimeoutSeconds === undefined ? {} : { cellTimeoutSeconds }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(options.startTimeout === undefined ? {} : { startTimeoutSeconds: options.startTimeout }),
    ...(saveIntervalSeconds === undefined ? {} : { saveIntervalSeconds }),
    ...(options.maxOutput === undefined ? {} : { maximumOutput: options.maxOutput * 1e6 }),
    ...(options.prepareOnly ? { prepareOnly: true } : {}),
    ...(options.allowLateErrors ? { allowLateErrors: true } : {}),
    ...(options.resume ? { resume: true } : {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.allowErrors ? { allowErrors: true } : {}),
    ...(options.reportMode ? { reportMode: true } : {}),
    injectPaths: {
      input: options.injectPaths || options.injectInputPath,
      output: options.injectPaths || options.injectOutputPath,
    },
    parameters: givenParameters(words, options),
    stillImages: options.images,
  };
}
