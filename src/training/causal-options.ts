/** How a causal detector decides as the signal comes. */
import { defaultsOf, number } from "../base/option-table.js";

export const CAUSAL_OPTIONS = {
  decisionSeconds: number({
    default: 1,
    above: 0,
    unit: "s",
    description:
      "From decision to decision: windows that end so far apart are laid over a recording or a stream; 1 by default, data.stride at most a window.",
  }),
};

export const CAUSAL_DEFAULTS = defaultsOf(CAUSAL_OPTIONS);
