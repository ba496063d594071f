/** The curve of a run from its metrics.jsonl: what was logged of steps and validations, checked. */
import { readFile } from "node:fs/promises";
import { NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";

const step = z.int().min(0);

const entrySchema = z.looseObject({ kind: z.string(), step });
/** Numbers that are not finite are logged as null. */
const stepSchema = z.looseObject({ step, loss: z.number().nullable(), learningRate: z.number().min(0) });
const validationSchema = z.looseObject({
  step,
  metricName: z.string().optional(),
  metrics: z.record(z.string(), z.number().nullable()),
});

/** Steps and validations of a run, in the order of the log. */
export interface RunCurve {
  readonly steps: readonly { readonly step: number; readonly loss: number; readonly learningRate: number }[];
  readonly validations: readonly {
    readonly step: number;
    readonly metrics: Readonly<Record<string, number | null>>;
    /** The metric that decided; absent in runs of older versions. */
    readonly metricName?: string | undefined;
  }[];
  /** Lines that a crash or a full disk cut short; they are not used. 1-based. */
  readonly cutLines: readonly number[];
}

const ADVICE = "the log was edited or is not that of a run; remove the line, or leave out the run's curve";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Read the log of a run. NotFoundError when there is none, a FormatError with file and line for an entry that no run writes.
 */
export async function readRunCurve(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<RunCurve> {
  const text = await readFile(path, { encoding: "utf8", signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    const message = `no ${path}; expected the folder that ictal train wrote (experiment.output_dir)`;
    throw new NotFoundError(message, path, { cause: error });
  });
  const steps: RunCurve["steps"][number][] = [];
  const validations: RunCurve["validations"][number][] = [];
  const cutLines: number[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const place = `${path}:${index + 1}`;
    if (line.trim() === "") continue;
    if (!isJson(line)) {
      cutLines.push(index + 1);
      continue;
    }
    const { kind } = parseJson(entrySchema, line, place, ADVICE);
    if (kind === "step") {
      const { loss, ...entry } = parseJson(stepSchema, line, place, ADVICE);
      steps.push({ step: entry.step, loss: loss ?? Number.NaN, learningRate: entry.learningRate });
    } else if (kind === "validation") validations.push(parseJson(validationSchema, line, place, ADVICE));
  }
  return { steps, validations, cutLines };
}
