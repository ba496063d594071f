/** What the signals of a file measure, by their labels: an electrode against the file's reference, or a pair of electrodes. */
import { tenTenName } from "../base/ten-twenty.js";

/** References of a whole file: a recorder's own, averages, and both ears or mastoids together. */
const COMMON_REFERENCE =
  /^(?:V?REF\d?|LE|AVG?|AVE|AR|CAR|COM|(?:A1\+?A2|A2\+?A1|A12|M1\+?M2|M2\+?M1|M12|AA|LM)(?:-?REF)?)$/;

/** One ear or mastoid: the reference of a file, or the end of a pair of the TCP montages. */
const EARS: ReadonlySet<string> = new Set(["A1", "A2", "M1", "M2"]);

/** `EEG` or Nihon Kohden's `POL` before the name; a name; what it is measured against, joined by a dash, bar or blank. */
const LABEL = /^(?:(?:EEG|POL)[ _-]+)?([A-Z]+\d*)\.*(?: *[-_:/ ] *([A-Z][A-Z0-9+]*?)\.*(?:-\d)?)?$/;

interface LabelParts {
  readonly electrode: string;
  /** As written, in upper case; undefined where the label names the electrode alone, or against a common reference. */
  readonly against?: string;
}

function partsOf(label: string): LabelParts | undefined {
  const [, name = "", against] = LABEL.exec(label.trim().toUpperCase()) ?? [];
  const electrode = tenTenName(name);
  if (electrode === undefined) return undefined;
  return against === undefined || COMMON_REFERENCE.test(against) ? { electrode } : { electrode, against };
}

/**
 * Electrode of a signal label in upper case with T3/T4/T5/T6 naming: `EEG FP1-REF`, `EEG FP1-LE`, `Fp1`, `Fp1-Avg`, `FP1_REF`,
 * `EEG Fp1-A1` give "FP1", `T7` gives "T3". The whole name must match: `EEG C3P-REF`, `EKG1`, `FP1-F7` and `EEG 31-REF` give
 * undefined.
 */
export function electrodeOf(label: string): string | undefined {
  const parts = partsOf(label);
  if (parts === undefined || parts.against === undefined) return parts?.electrode;
  return EARS.has(parts.against) && !EARS.has(parts.electrode) ? parts.electrode : undefined;
}

/** What a signal measures; neither for an ECG, a dummy or a label that names no electrode. */
export interface SignalName {
  readonly electrode?: string;
  /** Two electrodes, "FP1-F7". */
  readonly pair?: string;
}

/** Signals of a file that must name the same unknown reference before it is taken for the file's own. */
const LEAST_SHARED = 3;

/** The same for a scalp electrode such as Cz, which in few signals is the end of a chain of pairs. */
const LEAST_SHARED_ELECTRODE = 8;

/**
 * What each signal of one file measures. A label alone leaves it open: `T4-A2` is T4 in a file that is referenced to the ears, and
 * a pair among other pairs; `C3-CS2` is C3 where most signals are against CS2, and `C3-CZ`
 * where most are against Cz.
 */
export function signalNames(labels: readonly string[]): SignalName[] {
  const parts = labels.map(partsOf);
  const pairCount = parts.filter((each) => {
    const other = each?.against === undefined ? undefined : tenTenName(each.against);
    return other !== undefined && !EARS.has(other);
  }).length;
  const earCount = parts.filter((each) => each?.against !== undefined && EARS.has(each.against)).length;
  const sharedBy = new Map<string, number>();
  for (const each of parts)
    if (each?.against !== undefined) sharedBy.set(each.against, (sharedBy.get(each.against) ?? 0) + 1);
  return parts.map((each): SignalName => {
    if (each === undefined) return {};
    const { electrode, against } = each;
    if (against === undefined) return { electrode };
    const other = tenTenName(against);
    if (other === undefined) {
      const shared = sharedBy.get(against) ?? 0;
      return shared >= LEAST_SHARED && shared > pairCount ? { electrode } : {};
    }
    if (EARS.has(other) && !EARS.has(electrode) && earCount >= pairCount) return { electrode };
    const shared = sharedBy.get(against) ?? 0;
    if (shared >= LEAST_SHARED_ELECTRODE && 2 * shared > pairCount && electrode !== other) return { electrode };
    return electrode === other ? {} : { pair: `${electrode}-${other}` };
  });
}
