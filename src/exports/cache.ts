/**
 * Preprocessed recordings on disk: build, read, verify.
 * @module ictal/cache
 */
export { type BuildOptions, type BuildReport, buildCache } from "../cache/build.js";
export { coverageOf } from "../cache/coverage.js";
export { gcCache } from "../cache/gc.js";
export {
  type Manifest,
  type ManifestRecording,
  type ReadManifestOptions,
  readManifest,
  writeManifest,
} from "../cache/manifest.js";
export { numpySnippet } from "../cache/numpy-snippet.js";
export { type Cache, openCache, readFrames } from "../cache/open.js";
export { type VerifyReport, verifyCache } from "../cache/verify.js";
