/**
 * Configurations: YAML files and overrides, checked against the schemas of the modules.
 * @module ictal/config
 */
export { channelsFromConfig } from "../config/channels.js";
export { configJsonSchema } from "../config/json-schema.js";
export { type ConfigValue, configValues } from "../config/key-list.js";
export {
  balanceFromConfig,
  cacheKeyFromConfig,
  chainFromConfig,
  postprocessFromConfig,
} from "../config/layer-options.js";
export { type ConfigOrigin, type LoadedConfig, loadConfig, parseConfig } from "../config/load-config.js";
export { type LookAhead, lookAheadFromConfig, lookAheadText } from "../config/look-ahead.js";
export { modelFromConfig } from "../config/model-options.js";
export type { Config } from "../config/schema.js";
export { splitFromConfig } from "../config/split-choice.js";
export { trainOptionsFromConfig } from "../config/train-options.js";
