/** The file of `ictal calibrate`, which `predict` and `detect` read. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import type { StoredCalibration } from "../training/predict-recordings.js";

const probability = z.number().gt(0).lt(1);

export const calibrationSchema = z.object({
  formatVersion: z.literal(1),
  temperature: z.number().positive(),
  bias: z.number(),
  /** SHA-256 of the weights whose probabilities it corrects. */
  checkpointHash: z.string().min(1),
  split: z.string(),
  patients: z.int().min(1),
  prevalence: z.object({ fitted: probability, deployed: probability }),
  expectedError: z.object({ before: z.number().nullable(), outOfFold: z.number().nullable() }),
});

export type CalibrationFile = z.infer<typeof calibrationSchema>;

/** Read a calibration. NotFoundError without the file, FormatError when it is none. */
export async function readCalibration(path: string): Promise<CalibrationFile> {
  const text = await readFile(resolve(path), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new NotFoundError(`no ${path}; write it with: ictal calibrate --out ${path}`, path, { cause: error });
  });
  return parseJson(calibrationSchema, text, path, "write it again with ictal calibrate");
}

/** What of a file corrects probabilities, and whose. */
export function mapOf({ temperature, bias, checkpointHash }: CalibrationFile): StoredCalibration {
  return { temperature, bias, checkpointHash };
}
