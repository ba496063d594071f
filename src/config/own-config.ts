/** The part of a configuration that a detector carries with it. */
import { valueAt } from "@ictal/base/records";
import { stringify } from "yaml";
import { listKeys } from "./key-list.js";
import type { LoadedConfig } from "./load-config.js";

/** Sections that decide what a detector makes of a recording. */
const SECTIONS = ["model", "data", "preprocessing", "postprocessing"];
/** Places and amounts, which belong to a run and not to a detector. */
const OF_RUNS = new Set(["data.data_dir", "data.cache_dir", "data.limit_files", "data.num_workers"]);

/** What a configuration gives of the sections model, data, preprocessing and postprocessing, places apart, as YAML below `comment`. */
export function detectorConfigText(
  { config, isGiven }: Pick<LoadedConfig, "config" | "isGiven">,
  comment: string,
): string {
  const tree: Record<string, unknown> = {};
  for (const { key, isSection } of listKeys()) {
    const path = key.split(".");
    if (isSection || !SECTIONS.includes(path[0] ?? "") || OF_RUNS.has(key) || !isGiven(key)) continue;
    let node = tree;
    for (const part of path.slice(0, -1)) {
      node[part] ??= {};
      node = node[part] as Record<string, unknown>; // only sections were put there
    }
    node[path.at(-1) ?? ""] = valueAt(config, path);
  }
  return `# ${comment}\n${stringify(tree)}`;
}
