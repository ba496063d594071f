import { FormatError, type FormatPlace } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { ownValue } from "@ictal/base/records";
import { shownName } from "./shown-text.js";

/** Class of a label. "other" (artefacts, spikes, non-epileptic events) is neither seizure nor background. */
export type LabelClass = "seizure" | "background" | "other";

export interface LabelInfo {
  readonly label: string;
  readonly class: LabelClass;
  readonly meaning: string;
  /** HED-SCORE event type, where one exists. */
  readonly hedScore?: string;
}

function seizure(label: string, meaning: string, hedScore: string): LabelInfo {
  return { label, class: "seizure", meaning, hedScore };
}

function other(label: string, meaning: string): LabelInfo {
  return { label, class: "other", meaning };
}

/** Labels of the TUH EEG annotation files. `nesz` ends in "sz" and is not a seizure: only this table decides. */
export const ANNOTATION_LABELS: readonly LabelInfo[] = [
  { label: "bckg", class: "background", meaning: "background", hedScore: "bckg" },
  seizure("seiz", "seizure of any type", "sz"),
  seizure("fnsz", "focal non-specific seizure", "sz_foc"),
  seizure("gnsz", "generalized non-specific seizure", "sz_gen"),
  seizure("spsz", "simple partial seizure", "sz_foc_a"),
  seizure("cpsz", "complex partial seizure", "sz_foc_ia"),
  seizure("absz", "absence seizure", "sz_gen_nm"),
  seizure("tnsz", "tonic seizure", "sz_gen_m_tonic"),
  seizure("cnsz", "clonic seizure", "sz_gen_m_clonic"),
  seizure("tcsz", "tonic-clonic seizure", "sz_gen_m_tonicClonic"),
  seizure("atsz", "atonic seizure", "sz_gen_m_atonic"),
  seizure("mysz", "myoclonic seizure", "sz_gen_nm_myoclonic"),
  other("nesz", "non-epileptic seizure"),
  other("spkz", "spike"),
  other("spsw", "spike and slow wave"),
  other("gped", "generalized periodic epileptiform discharge"),
  other("pled", "periodic lateralized epileptiform discharge"),
  other("intr", "interesting pattern"),
  other("slow", "slowing"),
  other("eyem", "eye movement"),
  other("chew", "chewing"),
  other("shiv", "shivering"),
  other("musc", "muscle artefact"),
  other("elpp", "electrode pop"),
  other("elst", "electrostatic artefact"),
  other("elec", "electrode artefact"),
  other("eybl", "eye blink"),
  other("hphs", "hypnagogic hypersynchrony"),
  other("trip", "triphasic wave"),
  other("calb", "calibration"),
  other("artf", "artefact"),
  other("eyem_chew", "eye movement and chewing"),
  other("eyem_shiv", "eye movement and shivering"),
  other("eyem_musc", "eye movement and muscle artefact"),
  other("eyem_elec", "eye movement and electrode artefact"),
  other("chew_shiv", "chewing and shivering"),
  other("chew_musc", "chewing and muscle artefact"),
  other("chew_elec", "chewing and electrode artefact"),
  other("shiv_elec", "shivering and electrode artefact"),
  other("musc_elec", "muscle and electrode artefact"),
  other("impd", "impedance check, in events files of BIDS corpora"),
  other("checked", "time that was looked at, in events files of BIDS corpora"),
];

/** Other names of labels in events files; none of them is a seizure. */
const HED_SCORE_SYNONYMS: Readonly<Record<string, string>> = { art: "artf", artefact: "artf", artifact: "artf" };

const byLabel = new Map(ANNOTATION_LABELS.map((info) => [info.label, info]));
const byHedScore = new Map(
  ANNOTATION_LABELS.flatMap((info) => (info.hedScore ? [[normalHedScore(info.hedScore), info]] : [])),
);

function normalHedScore(type: string): string {
  return type.replaceAll("-", "_").toLowerCase();
}

/**
 * "seizure", "background" or "other". FormatError on a label that the table does not hold, with the nearest known
 * name: an unknown label must never be treated as background.
 */
export function labelClassOf(label: string, place: FormatPlace = { file: "annotation" }): LabelClass {
  const info = byLabel.get(label);
  if (info) return info.class;
  const nearest = nearestName(label.slice(0, 40), byLabel.keys());
  const hint = nearest ? `; did you mean "${nearest}"?` : "";
  throw new FormatError(
    `unknown label ${shownName(label, byLabel.keys())}; expected one of ${[...byLabel.keys()].join(", ")}${hint}`,
    {
      ...place,
      field: "label",
    },
  );
}

/** A label as a file writes it, and as the table does: case is ignored. */
export function knownLabel(text: string): { label: string; labelText: string } {
  const lower = text.toLowerCase();
  return { label: !byLabel.has(text) && byLabel.has(lower) ? lower : text, labelText: text };
}

/**
 * Label of a HED-SCORE event type; hyphens and underscores are equal. More specific types fall back to the broader known one;
 * names of the table that are neither seizure nor background (artefacts, impedance checks) are kept.
 */
export function labelOfHedScore(type: string): string | undefined {
  const name = normalHedScore(type);
  const label = ownValue(HED_SCORE_SYNONYMS, name) ?? name;
  if (byLabel.get(label)?.class === "other") return label;
  const parts = name.split("_");
  for (let length = parts.length; length > 0; length--) {
    const info = byHedScore.get(parts.slice(0, length).join("_"));
    if (info) return info.label;
  }
  return undefined;
}

/** HED-SCORE event type of a label, or undefined where the vocabulary has none. */
export function hedScoreOf(label: string): string | undefined {
  return byLabel.get(label)?.hedScore;
}
