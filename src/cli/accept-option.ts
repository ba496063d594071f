/** --accept of every verb that has it: codes of known faults for which the exit code stays 0. */

import { ConfigError } from "@ictal/base/errors";
import { nearestNames } from "@ictal/base/nearest";
import { Option } from "commander";
import { EXCLUSION_CODES } from "../cache/exclusion.js";
import { NOT_CATALOGUED_CODES } from "../corpus/not-catalogued.js";
import { concernsLabels, FINDING_CODES } from "../recording/finding.js";

/** Code by which a cache without a manifest is accepted: it serves prediction, not training. */
export const NO_SEIZURES = "no-seizures";

/** Code of a reference whose duration is none; only `score` finds it. */
export const DURATION_INVALID = "duration-invalid";

/** The codes that may be accepted, by what is done. */
const CODES = {
  cache: [
    NO_SEIZURES,
    "not-in-catalogue",
    ...NOT_CATALOGUED_CODES,
    ...EXCLUSION_CODES.permanent,
    ...FINDING_CODES.filter((code) => concernsLabels({ code })),
  ],
  score: [DURATION_INVALID, ...FINDING_CODES],
} as const;

const TRANSIENT: ReadonlySet<string> = new Set(EXCLUSION_CODES.transient);

/** --accept for codes of one kind; a code that is none of it is a ConfigError. */
export function acceptOption(kind: keyof typeof CODES, description: string): Option {
  return new Option("--accept <codes>", description).argParser((text) => parseAccepted(text, kind));
}

function parseAccepted(text: string, kind: keyof typeof CODES): string[] {
  const codes = text.split(",").map((code) => code.trim());
  const known: ReadonlySet<string> = new Set(["all", ...CODES[kind]]);
  const faults = codes.filter((code) => !known.has(code)).map((code) => faultOf(code, kind, known));
  if (faults.length === 0) return codes;
  const allowed = `"all", ${[...CODES[kind]].sort().join(", ")}`;
  const [nearest] = nearestNames(codes.find((code) => !known.has(code))!, known);
  throw new ConfigError(`invalid --accept ${text}: ${faults.join("; ")}. Known are ${allowed}`, {
    key: "--accept",
    value: text,
    allowed,
    ...(nearest !== undefined && { nearest }),
  });
}

function faultOf(code: string, kind: keyof typeof CODES, known: ReadonlySet<string>): string {
  if (kind === "cache" && TRANSIENT.has(code))
    return `"${code}" cannot be accepted, since another try may be free of it: run the same command again`;
  return `unknown code "${code}", the nearest are ${nearestNames(code, known).join(", ")}`;
}

/** Whether the codes that were given hold one. */
export function isAccepted(code: string, accept: readonly string[] = []): boolean {
  return accept.includes("all") || accept.includes(code);
}
