/**
 * Errors, events, randomness, configuration and receipts: what all others use.
 * @module ictal/base
 */
export { canonicalJson, hashOf, sha256 } from "@ictal/base/canonical";
export {
  CacheError,
  CellError,
  ConfigError,
  FormatError,
  type IctalError,
  isIctalError,
  NotFoundError,
  StoreError,
  UnsupportedError,
} from "@ictal/base/errors";
export { createProgress, type Progress, silentProgress } from "@ictal/base/progress";
export { complementIntervals, type Event, type Interval, mergeIntervals, totalSeconds } from "../base/events.js";
export { projectDir, projectPath } from "../base/project.js";
export { createRandom, type Random } from "../base/random.js";
