import { CacheError, FormatError } from "@ictal/base/errors";
import { memberOf } from "../base/lookup.js";
import type { Network } from "./network.js";
import type { ParameterSpec, ParameterValues } from "./parameters.js";
import type { SafetensorsFile, StoredTensor } from "./safetensors.js";

/** Values of the given specifications as tensors with their shapes. Throws a RangeError when one is missing. */
export function storedTensors(specs: readonly ParameterSpec[], values: ParameterValues): Record<string, StoredTensor> {
  return Object.fromEntries(
    specs.map(({ name, shape }) => {
      const array = values[name];
      if (!array) throw new RangeError(`no values for ${name}`);
      return [name, { shape, values: array }];
    }),
  );
}

/** How many differences a message lists. */
const LISTED = 12;

function differencesOf({ parameters, buffers, unused = [] }: Network, file: SafetensorsFile): string[] {
  const specs = [...parameters, ...buffers];
  const differences: string[] = [];
  for (const { name, shape } of specs) {
    const found = file.tensors[name];
    if (!found) {
      const type = file.otherTypes[name];
      differences.push(type ? `${name}: ${type} where F32 is expected` : `${name}: missing, expected [${shape}]`);
    } else if (found.shape.join() !== shape.join()) differences.push(`${name}: [${found.shape}], expected [${shape}]`);
  }
  const known = new Set(specs.map(({ name }) => name));
  const isExtra = (name: string) => !known.has(name) && !unused.some((start) => name.startsWith(start));
  for (const name of Object.keys(file.tensors)) if (isExtra(name)) differences.push(`${name}: not part of this model`);
  for (const [name, type] of Object.entries(file.otherTypes))
    if (isExtra(name) && !isBatchCounter(name, type)) differences.push(`${name}: ${type}, not part of this model`);
  return differences;
}

/** Whether it is PyTorch's count of the batches that a batch norm has seen, of which nothing depends. */
function isBatchCounter(name: string, type: string): boolean {
  return type === "I64" && name.endsWith(".num_batches_tracked");
}

/** Throws a FormatError for a tensor with NaN or an infinity, of which every answer of a network would be none. */
export function requireFinite(name: string, { values }: StoredTensor, file: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const message = `invalid ${name}: ${values[at]} at ${at}; expected finite numbers, the file was edited or its training diverged`;
  throw new FormatError(message, { file, field: name });
}

/**
 * The values a detector needs from a file of weights, parameters and running statistics alike. Counters of batches that
 * PyTorch keeps (`num_batches_tracked`) are ignored. Throws a CacheError that lists every tensor that differs when
 * the file is of another architecture, and a FormatError for values that are not finite.
 */
export function detectorValues(detector: Network, file: SafetensorsFile, path: string): ParameterValues {
  const specs = [...detector.parameters, ...detector.buffers];
  const differences = differencesOf(detector, file);
  if (differences.length > 0) {
    const more = differences.length > LISTED ? `; and ${differences.length - LISTED} more` : "";
    throw new CacheError(
      `${path} does not hold the weights of this ${detector.name}: ${differences.slice(0, LISTED).join("; ")}${more}. ` +
        "Use the model section that the checkpoint was trained with",
      { found: Object.keys(file.tensors).length, expected: specs.length },
    );
  }
  for (const { name } of specs) requireFinite(name, memberOf(file.tensors, name), path);
  return Object.fromEntries(specs.map(({ name }) => [name, memberOf(file.tensors, name).values]));
}
