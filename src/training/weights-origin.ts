/** What weights were trained for: a file of weights says it, and so does the state of its checkpoint. */
import { basename } from "node:path";
import { hashOf } from "@ictal/base/canonical";
import { CacheError, FormatError } from "@ictal/base/errors";
import { parseJson } from "../base/parse-json.js";
import type { SafetensorsFile } from "../model/safetensors.js";
import { originSchema, type StoredState, type WeightsOrigin } from "./checkpoint-state.js";

/** The origin in a file's metadata. Throws a CacheError where it has none, a FormatError where that cannot be right. */
export function originOf({ metadata }: Pick<SafetensorsFile, "metadata">, path: string): WeightsOrigin {
  if (metadata.ictal === undefined) {
    throw new CacheError(
      `${path} does not say which model it belongs to (metadata "ictal"); import it: ictal model import ${basename(path)} --model NAME --out DIR, or give --config with the section model (model.name)`,
      { found: Object.keys(metadata), expected: "ictal" },
    );
  }
  return parseJson(originSchema, metadata.ictal, `${path} (metadata "ictal")`, "take the file as it was written");
}

const FIELDS = ["model", "windowSamples", "sampleRateHz", "channels", "cacheKey"] as const;

/**
 * Throws a FormatError where a file of tensors does not say the same of its origin as the state of its checkpoint, whose digests
 * alone do not tell when both were edited and sealed anew. A run of version 0.1 may have gone on with another cache.
 */
export function requireSameOrigin(file: SafetensorsFile, path: string, { state, files }: StoredState): void {
  const own = originOf(file, path);
  const isEarlier = files === undefined;
  const field = FIELDS.find(
    (name) => hashOf(own[name]) !== hashOf(state.origin[name]) && !(isEarlier && name === "cacheKey"),
  );
  if (field === undefined) return;
  const [found, expected] = [own, state.origin].map((origin) => JSON.stringify(origin[field]));
  throw new FormatError(
    `its metadata name ${field} ${found}, the state of its checkpoint ${expected}; one of them was edited: restore both, or train again`,
    { file: path, field },
  );
}
