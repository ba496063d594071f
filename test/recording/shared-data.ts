import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of sample files beside the checkout. */
export const sharedData = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

/** Reason to skip tests on the sample files, or false when they are here. */
export const lacksSharedData: string | false = existsSync(join(sharedData, "expected.json"))
  ? false
  : `no sample files at ${sharedData}`;

export function sharedPath(name: string): string {
  return join(sharedData, name);
}

export function sharedJson(name: string): unknown {
  return JSON.parse(readFileSync(sharedPath(name), "utf8"));
}
