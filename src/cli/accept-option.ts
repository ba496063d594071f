/** The option --accept: codes of known problems for which the exit code stays 0. */

import { ConfigError } from "@ictal/base/errors";
import { nearestNames } from "@ictal/base/nearest";
import { Option } from "commander";
import { EXCLUSION_CODES } from "../cache/exclusion.js";
import { EXCLUDED_CODES } from "../corpus/excluded-recording.js";
import { concernsLabels, FINDING_CODES } from "../recording/finding.js";

/** Code that accepts a cache without a manifest: it can be used for prediction, not for training. */
export const NO_SEIZURES = "no-seizures";

/** Code of a reference with an invalid duration; only `score` reports it. */
export const DURATION_INVALID = "duration-invalid";

/** Code of a recording that counts as without detections because it has no stored prediction. */
export const PREDICTION_MISSING = "prediction-missing";

/** The codes that may be accepted, by command. */
const CODES = {
  cache: [
    NO_SEIZURES,
    "not-in-catalogue",
    ...EXCLUDED_CODES,
    ...EXCLUSION_CODES.permanent,
    ...FINDING_CODES.filter((code) => concernsLabels({ code })),
  ],
  score: [DURATION_INVALID, ...FINDING_CODES],
  predictions: [PREDICTION_MISSING],
} as const;

const TRANSIENT: ReadonlySet<string> = new Set(EXCLUSION_CODES.transient);

/** --accept for codes of one kind; an unknown code is a ConfigError. */
export function acceptOption(kind: keyof typeof CODES, description: string): Option {
  return new Option("--accept <codes>", description).argParser((text) => parseAccepted(text, kind));
}

/** --accept of the commands that build a cache where it is missing, and use it. */
export const buildAcceptOption = (): Option =>
  acceptOption("cache", "where the cache is built: codes for which a recording may be excluded or have unknown labels");

function parseAccepted(text: string, kind: keyof typeof CODES): string[] {
  const codes = text.split(",").map((code) => code.trim());
  const known: ReadonlySet<string> = new Set(["all", ...CODES[kind]]);
  const unknown = codes.filter((code) => !known.has(code));
  const [first] = unknown;
  if (first === undefined) return codes;
  const faults = unknown.map((code) => faultOf(code, kind, known));
  const allowed = `"all", ${[...CODES[kind]].sort().join(", ")}`;
  const [nearest] = nearestNames(first, known);
  throw new ConfigError(`invalid --accept ${text}: ${faults.join("; ")}; expected codes of ${allowed}`, {
    key: "--accept",
    value: text,
    allowed,
    ...(nearest !== undefined && { nearest }),
  });
}

function faultOf(code: string, kind: keyof typeof CODES, known: ReadonlySet<string>): string {
  if (kind === "cache" && TRANSIENT.has(code))
    return `"${code}" is a temporary failure and cannot be accepted: run the same command again`;
  return `unknown code "${code}", nearest: ${nearestNames(code, known).join(", ")}`;
}

/** True when the given codes contain `code` or "all". */
export function isAccepted(code: string, accept: readonly string[] = []): boolean {
  return accept.includes("all") || accept.includes(code);
}
