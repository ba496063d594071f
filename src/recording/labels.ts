import { FormatError, type FormatPlace } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { ownValue } from "@ictal/base/records";
import { ANNOTATION_LABELS, type LabelClass, type LabelInfo } from "../base/label-table.js";
import { shownName } from "./shown-text.js";

export { ANNOTATION_LABELS, type LabelClass, type LabelInfo };

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
