/** The options of a cache, apart from its signal chain. */
import { choice, count, defaultsOf } from "../base/option-table.js";

/** The options of a cache, each with its default. */
export const CACHE_OPTIONS = {
  sampleType: choice(["int16", "float32"], {
    default: "int16",
    description: "Number type of the cached samples: int16 takes half the space, float32 is exact.",
  }),
  gaps: choice(["refuse", "split"], {
    default: "refuse",
    description:
      "A recording whose timestamps jump is excluded (refuse), or kept as segments with their own times (split).",
  }),
  limit: count({
    description: "Use at most this many recordings, some of every split; BGB_LIMIT_FILES overrides it.",
    unit: "recordings",
  }),
};

/** Their defaults. */
export const CACHE_DEFAULTS = defaultsOf(CACHE_OPTIONS);
