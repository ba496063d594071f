/** The file of `ictal calibrate`, which `predict` and `detect` read. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { explainReadError } from "@ictal/base/read-fault";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import { sealed, unsealed } from "../base/seal.js";
import type { StoredCalibration } from "../training/predict-recordings.js";

const probability = z.number().gt(0).lt(1);

const calibrationSchema = z.strictObject({
  formatVersion: z.literal(1),
  temperature: z.number().positive(),
  bias: z.number(),
  /** SHA-256 of the weights whose probabilities it corrects. */
  checkpointHash: z.string().min(1),
  split: z.string(),
  patients: z.int().min(1),
  prevalence: z.strictObject({ fitted: probability, deployed: probability }),
  expectedError: z.strictObject({ before: z.number().nullable(), outOfFold: z.number().nullable() }),
});

export type CalibrationFile = z.infer<typeof calibrationSchema>;

const fileSchema = calibrationSchema.extend({ checksum: z.string() });

/** The text of a calibration with its checksum. Errors that are not numbers, as without a value to measure, become null. */
export function calibrationText(calibration: CalibrationFile): string {
  const stored = JSON.parse(JSON.stringify(calibration)) as CalibrationFile; // as it will be read
  return `${JSON.stringify(sealed(stored), null, 2)}\n`;
}

/** Read a calibration. NotFoundError without the file, FormatError when it is none or not as it was written. */
export async function readCalibration(path: string): Promise<CalibrationFile> {
  const text = await readFile(resolve(path), "utf8").catch((error: unknown) => {
    throw explainReadError(error, path, `no ${path}; write it with: ictal calibrate --out ${path}`);
  });
  const advice = "write it again with ictal calibrate";
  return unsealed(parseJson(fileSchema, text, path, advice), path, advice);
}

/** What of a file corrects probabilities, and whose. */
export function mapOf({ temperature, bias, checkpointHash }: CalibrationFile): StoredCalibration {
  return { temperature, bias, checkpointHash };
}
