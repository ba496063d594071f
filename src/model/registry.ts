import { eegnetKind } from "./detectors/eegnet.js";
import { seizureDetectorKind } from "./detectors/seizure-detector.js";
import { seizureTransformerKind } from "./detectors/seizure-transformer.js";
import { unetKind } from "./detectors/unet.js";
import type { DetectorKind } from "./network.js";

/**
 * Every kind of detector. To add one, write its two files in `detectors/`, its line here and the line of its options in
 * `detector-options.ts`; `model.name` then chooses it, and configuration files have its section.
 */
export const DETECTORS = [seizureDetectorKind, unetKind, eegnetKind, seizureTransformerKind] as const;

type ConfigOf<K> = K extends DetectorKind<infer C> ? C : never;

/** Configuration of any detector, distinguished by `name`. */
export type ModelConfig = ConfigOf<(typeof DETECTORS)[number]>;

/** Kinds as one type: each takes its own configuration, which the caller selects by name. */
type AnyKind = DetectorKind<ModelConfig>;

/** Names that `model.name` can have. */
export const DETECTOR_NAMES: readonly string[] = DETECTORS.map(({ name }) => name);

/** The kind of that name, or undefined. */
export function kindOf(name: unknown): AnyKind | undefined {
  return DETECTORS.find((kind) => kind.name === name) as AnyKind | undefined;
}
