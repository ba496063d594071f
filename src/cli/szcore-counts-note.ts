import type { NedcReport } from "../scoring/nedc/score-nedc.js";
import type { SzcoreReport } from "../scoring/score.js";
import { SZCORE_DEFAULTS } from "../scoring/szcore.js";

interface Counted {
  readonly szcore?: SzcoreReport | undefined;
  readonly nedc?: NedcReport | undefined;
}

/** Why SzCORE counts other numbers of reference events than NEDC; undefined where the numbers agree. */
export function szcoreCountsNote({ szcore, nedc }: Counted): string | undefined {
  if (!szcore || !nedc || szcore.event.refTrue === nedc.ovlp.targets) return undefined;
  const { minGapSeconds, maxEventSeconds } = SZCORE_DEFAULTS;
  return `SzCORE counts ${szcore.event.refTrue} reference events where NEDC counts ${nedc.ovlp.targets} seizures: it joins seizures less than ${minGapSeconds} s apart and cuts those longer than ${maxEventSeconds} s.`;
}
