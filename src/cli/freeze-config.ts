import { copyFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { setArgs } from "../cluster/sweep.js";
import type { DataFlags, FlagConfig } from "./data-options.js";

const SETS = { dataDir: "data.data_dir", cacheDir: "data.cache_dir" } as const;

/** A configuration, and the arguments with which a task reads a copy of its file in `dir`. */
export async function freezeConfig(loaded: FlagConfig, flags: DataFlags, dir: string) {
  const args = loaded.file === undefined ? [] : ["--config", join(dir, "config.yaml")];
  if (loaded.file !== undefined) {
    await makeFolder(dir);
    const copy = join(dir, "config.yaml");
    if (resolve(loaded.file) !== copy) await copyFile(loaded.file, copy);
  }
  const { data } = loaded.config;
  const folders = loaded.file === undefined ? ["--data-dir", data.data_dir, "--cache-dir", data.cache_dir] : [];
  const moved = Object.fromEntries(
    (["dataDir", "cacheDir"] as const).flatMap((name) =>
      flags[name] === undefined || loaded.file === undefined
        ? []
        : [[SETS[name], name === "dataDir" ? data.data_dir : data.cache_dir]],
    ),
  );
  const sets = (flags.set ?? []).flatMap((set) => ["--set", set]);
  const limit = data.limit_files ? setArgs({ "data.limit_files": data.limit_files }) : []; // a task may lack BGB_LIMIT_FILES
  return { ...loaded, configArgs: [...args, ...folders, ...sets, ...setArgs(moved), ...limit] };
}
