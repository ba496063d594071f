/** Weights of others: named tensors of any file, matched with the arrays of a detector. */
import { readFile } from "node:fs/promises";
import { ConfigError } from "@ictal/base/errors";
import { explainReadError } from "@ictal/base/read-fault";
import type { Network } from "./network.js";
import type { ParameterSpec, ParameterValues } from "./parameters.js";
import { decodeEveryType } from "./safetensors.js";
import { requireFinite } from "./weights.js";

/** A tensor of a file, row-major, rounded to float32. */
export interface ImportedTensor {
  readonly shape: readonly number[];
  /** Its type in the file by safetensors' names, such as F16. */
  readonly type: string;
  readonly values: Float32Array;
}

export interface ImportedTensors {
  readonly tensors: ReadonlyMap<string, ImportedTensor>;
  /** Names of the dicts around the tensors, joined by dots; empty when there are none. */
  readonly nest: string;
  /** Names of values beside them that are no tensors. */
  readonly ignored: readonly string[];
}

/** The named tensors of a safetensors file of any types. Throws a NotFoundError, or a FormatError on damage. */
export async function readSafetensorsFile(
  path: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<ImportedTensors> {
  const bytes = await readFile(path, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw explainReadError(error, path, `no weights at ${path}; check the path`);
  });
  return { tensors: decodeEveryType(bytes, path), nest: "", ignored: [] };
}

/** Replaces the start of names. */
export interface NameRule {
  readonly from: string;
  readonly to: string;
}

/** A rule as `from=to`; either may be empty. Throws a ConfigError without the equals sign. */
export function parseNameRule(text: string): NameRule {
  const at = text.indexOf("=");
  if (at < 0)
    throw new ConfigError(`invalid --map ${text}: expected OLD=NEW, the starts of names, e.g. backbone.=encoder.`, {
      key: "--map",
      value: text,
      allowed: "OLD=NEW",
    });
  return { from: text.slice(0, at), to: text.slice(at + 1) };
}

/** Starts that wrappers of PyTorch put before every name. */
const WRAPPERS = ["module.", "model.", "_orig_mod.", "net.", "network.", "backbone."];

/** The name without the wrappers that every name of the file has. */
function unwrapped(names: readonly string[], known: ReadonlySet<string>): (name: string) => string {
  let strip = 0;
  const hits = () => names.filter((name) => known.has(name.slice(strip))).length;
  while (hits() === 0) {
    const wrapper = WRAPPERS.find((start) => names.every((name) => name.startsWith(start, strip)));
    if (wrapper === undefined) return (name) => name;
    strip += wrapper.length;
  }
  return (name) => name.slice(strip);
}

/** How the tensors of a file fit a detector. */
export interface WeightsReport {
  /** Tensors that were taken. */
  readonly matched: number;
  /** Names that were changed, as they were and as the detector has them. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
  /** Tensors of the file that the network does not need: counters, templates, position encodings. */
  readonly unneeded: readonly string[];
  /** Types other than F32 of what was taken, with the number of tensors. */
  readonly converted: Readonly<Record<string, number>>;
}

export interface Matched {
  readonly values: ParameterValues;
  readonly report: WeightsReport;
}

/** How many names a message lists. */
const LISTED = 4;

function listed(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : "";
  return `${names.slice(0, LISTED).join(", ")}${more}`;
}

interface Faults {
  readonly missing: readonly string[];
  readonly mismatched: readonly string[];
  readonly unmatched: readonly string[];
}

/** Throws a ConfigError that lists what does not fit. */
function refuse(
  name: string,
  path: string,
  { missing, mismatched, unmatched }: Faults,
  [taken, needed]: readonly [number, number],
): void {
  const parts = [
    missing.length > 0 && `${missing.length} missing: ${listed(missing)}`,
    mismatched.length > 0 && `${mismatched.length} of another shape: ${listed(mismatched)}`,
    unmatched.length > 0 && `${unmatched.length} that it does not have: ${listed(unmatched)}`,
  ].filter(Boolean);
  if (parts.length === 0) return;
  const advice =
    mismatched.length > 0
      ? "give the sizes it was trained with (--config, --set model.NAME.key=value), or choose another --model (ictal model list)"
      : "map the starts of names with --map OLD=NEW, or choose another --model (ictal model list)";
  throw new ConfigError(
    `${path} does not fit ${name}: ${taken} of its ${needed} tensors match; ${parts.join("; ")}. To mend it, ${advice}`,
    { key: "--model", value: name },
  );
}

const isBatchCounter = (name: string) => name.endsWith(".num_batches_tracked");

/**
 * The values of a detector from the tensors of a file: names as they are, with `rules` applied (the first that fits), and without the
 * wrappers that all of them have (`module.` of DataParallel and the like). Counters of batches and what the network lists as unused
 * are left aside. Throws a ConfigError that lists what is missing, has another shape or is unknown; a FormatError for values that are
 * not finite.
 */
export function matchWeights(
  network: Network,
  { tensors }: Pick<ImportedTensors, "tensors">,
  path: string,
  rules: readonly NameRule[] = [],
): Matched {
  const specs = new Map([...network.parameters, ...network.buffers].map((spec) => [spec.name, spec]));
  const ruled = (name: string) => {
    const rule = rules.find(({ from }) => name.startsWith(from));
    return rule ? `${rule.to}${name.slice(rule.from.length)}` : name;
  };
  const unwrap = unwrapped([...tensors.keys()].map(ruled), new Set(specs.keys()));
  const renamed: (readonly [string, string])[] = [];
  const found = new Map<string, ImportedTensor>();
  const unneeded: string[] = [];
  const unmatched: string[] = [];
  for (const [own, tensor] of tensors) {
    const name = unwrap(ruled(own));
    if (specs.has(name)) {
      found.set(name, tensor);
      if (name !== own) renamed.push([own, name]);
    } else if (isBatchCounter(name) || network.unused?.some((start) => name.startsWith(start))) unneeded.push(own);
    else unmatched.push(own);
  }
  const { missing, mismatched } = shapeFaults(specs, found);
  refuse(network.name, path, { missing, mismatched, unmatched }, [found.size - mismatched.length, specs.size]);
  const values: ParameterValues = {};
  const converted: Record<string, number> = {};
  for (const [name, tensor] of found) {
    requireFinite(name, tensor, path);
    values[name] = tensor.values;
    if (tensor.type !== "F32") converted[tensor.type] = (converted[tensor.type] ?? 0) + 1;
  }
  return { values, report: { matched: found.size, renamed, unneeded, converted } };
}

function shapeFaults(
  specs: ReadonlyMap<string, ParameterSpec>,
  found: ReadonlyMap<string, ImportedTensor>,
): Pick<Faults, "missing" | "mismatched"> {
  const missing: string[] = [];
  const mismatched: string[] = [];
  for (const [name, { shape }] of specs) {
    const tensor = found.get(name);
    if (!tensor) missing.push(`${name} [${shape}]`);
    else if (tensor.shape.join() !== shape.join()) mismatched.push(`${name} [${tensor.shape}], expected [${shape}]`);
  }
  return { missing, mismatched };
}
