/** The events of a page by source: the reference, the detector, and those that stand beside them. */
import type { PageData } from "../page-data.js";
import type { NamedEvent } from "../recording.js";

export interface Track {
  readonly name: string;
  readonly kind: "reference" | "detector";
  readonly events: readonly NamedEvent[];
  /** A colour of the style sheet. */
  readonly colour: string;
  /** The first reference and the first detector are shaded over the traces too. */
  readonly isMain: boolean;
}

const OTHER_COLOURS = ["other1", "other2", "other3"] as const;

/** Colour of the track that stands `index`th beside the first ones. */
export function otherColour(index: number): string {
  return OTHER_COLOURS[index % OTHER_COLOURS.length] ?? OTHER_COLOURS[0];
}

/** All tracks from top to bottom. */
export function tracksOf({ reference, detector, others }: PageData): Track[] {
  const beside = others.map(({ name, kind, events }, index) => ({
    ...{ name, kind, events, colour: otherColour(index), isMain: false },
  }));
  const main = { kind: "detector", name: "detected", events: detector?.hypothesis ?? [] } as const;
  return [
    { kind: "reference", name: "reference", events: reference, colour: "reference", isMain: true },
    ...beside.filter(({ kind }) => kind === "reference"),
    { ...main, colour: "hypothesis", isMain: true },
    ...beside.filter(({ kind }) => kind === "detector"),
  ];
}
