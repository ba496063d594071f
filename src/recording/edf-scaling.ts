/** How a signal's digital values become physical ones. */
export interface Scaling {
  readonly gain: number;
  readonly offset: number;
}

export interface Ranges {
  readonly physicalMin: number;
  readonly physicalMax: number;
  readonly digitalMin: number;
  readonly digitalMax: number;
}

/**
 * Scaling in EDFlib's form, `physical = gain * (offset + digital)`, so that values agree to the last bit with those of
 * EDFlib and pyedflib. A range that cannot be used (flat, or not a number) gives gain 1 and offset 0: digital values.
 */
export function scalingOf(ranges: Ranges): Scaling {
  const { physicalMin, physicalMax, digitalMin, digitalMax } = ranges;
  const gain = (physicalMax - physicalMin) / (digitalMax - digitalMin);
  const offset = physicalMax / gain - digitalMax;
  return Number.isFinite(gain) && gain !== 0 && Number.isFinite(offset) ? { gain, offset } : { gain: 1, offset: 0 };
}

/** True when the ranges give a scale; false when `scalingOf` falls back to digital values. */
export function isScalable({ physicalMin, physicalMax, digitalMin, digitalMax }: Ranges): boolean {
  return (
    Number.isFinite(physicalMin + physicalMax + digitalMin + digitalMax) &&
    physicalMin !== physicalMax &&
    digitalMin !== digitalMax
  );
}

/** Factor from a unit text to microvolts; undefined when the unit is not a voltage (degC, %, blank). */
export function microvoltFactor(unit: string): number | undefined {
  switch (
    unit
      .replace(/[\u00b5\u03bc]/g, "u")
      .trim()
      .toLowerCase()
  ) {
    case "uv":
    case "microv":
      return 1;
    case "mv":
      return unit.trim() === "MV" ? undefined : 1e3;
    case "nv":
      return 1e-3;
    case "v":
      return 1e6;
    default:
      return undefined;
  }
}
