/** What weights were trained for: a file of weights says it, and so does the state of its checkpoint. */
import { basename } from "node:path";
import { canonicalJson, hashOf, sha256 } from "@ictal/base/canonical";
import { CacheError, FormatError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import type { SafetensorsFile } from "../model/safetensors.js";
import { originSchema, type StoredState, type WeightsOrigin } from "./checkpoint-state.js";

const storedSchema = originSchema.extend({ checksum: z.string().optional() }); // weights of runs have theirs in state.json

/** SHA-256 of an origin and of tensors: their names, shapes and bytes. */
function digestOf(origin: WeightsOrigin, tensors: SafetensorsFile["tensors"]): string {
  const facts = Object.entries(tensors).map(([name, { shape, values }]) => [
    name,
    { shape: [...shape], sha256: sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) },
  ]);
  return hashOf({ origin, tensors: Object.fromEntries(facts) });
}

/** Metadata of weights that lie in no checkpoint: their origin, and the checksum of it and of the tensors. */
export function sealedMetadata(origin: WeightsOrigin, tensors: SafetensorsFile["tensors"]): Record<string, string> {
  return { format: "pt", ictal: canonicalJson({ ...origin, checksum: digestOf(origin, tensors) }) };
}

/** Throws a FormatError where the metadata have a checksum and origin or tensors are not those that it was made of. */
export function requireSealed(file: SafetensorsFile, path: string): void {
  if (file.metadata.ictal === undefined) return;
  const { checksum, ...origin } = storedOrigin(file.metadata.ictal, path);
  if (checksum === undefined || checksum === digestOf(origin, file.tensors)) return;
  throw new FormatError(
    "its tensors or metadata are not those of its checksum: it was edited or damaged; import the weights again",
    { file: path, field: "checksum" },
  );
}

function storedOrigin(text: string, path: string): z.infer<typeof storedSchema> {
  return parseJson(storedSchema, text, `${path} (metadata "ictal")`, "take the file as it was written");
}

/** The origin in a file's metadata. Throws a CacheError where it has none, a FormatError where that cannot be right. */
export function originOf({ metadata }: Pick<SafetensorsFile, "metadata">, path: string): WeightsOrigin {
  if (metadata.ictal === undefined) {
    throw new CacheError(
      `${path} does not say which model it belongs to (metadata "ictal"); import it: ictal model import ${basename(path)} --model NAME --out DIR, or give --config with the section model (model.name)`,
      { found: Object.keys(metadata), expected: "ictal" },
    );
  }
  const { checksum: _, ...origin } = storedOrigin(metadata.ictal, path);
  return origin;
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
