import { fileURLToPath } from "node:url";
import { withDefaults } from "@ictal/base/options";
import { folderStore } from "./folder-store.js";
import { type S3StoreOptions, s3Store } from "./s3-store.js";
import type { Store } from "./store.js";

/** Options of `openStore` that count for s3:// addresses only. */
export type OpenStoreOptions = Omit<S3StoreOptions, "bucket" | "prefix">;

/**
 * The store an address names: `s3://bucket/prefix`, `file:///folder` or the path of a folder. Nothing is opened or
 * asked until the first use. ICTAL_S3_ANONYMOUS and ICTAL_S3_REQUESTER_PAYS are the defaults of two options. RangeError
 * for an address of any other kind.
 */
export function openStore(urlOrPath: string, options: OpenStoreOptions = {}): Store {
  if (urlOrPath === "") throw new RangeError("invalid store URL: it is empty; expected a folder or s3://bucket/prefix");
  if (urlOrPath.startsWith("s3://")) return s3Store({ ...s3Options(options), ...parseS3Url(urlOrPath) });
  if (urlOrPath.startsWith("file://")) return folderStore(fileURLToPath(urlOrPath));
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(urlOrPath)?.[1];
  if (scheme) {
    throw new RangeError(
      `invalid store URL: ${urlOrPath}; the scheme "${scheme}" is not supported, expected a folder or s3://bucket/prefix`,
    );
  }
  return folderStore(urlOrPath);
}

/** The options given, over those that the environment sets. */
export const s3Options = (options: OpenStoreOptions): OpenStoreOptions => withDefaults(fromEnvironment(), options);

/** Options that no AWS variable sets, for notebooks and commands that only take a URL. */
function fromEnvironment(): OpenStoreOptions {
  const isOn = (name: string) => /^(1|true|yes)$/i.test(process.env[name] ?? "");
  return {
    ...(isOn("ICTAL_S3_ANONYMOUS") && { anonymous: true }),
    ...(isOn("ICTAL_S3_REQUESTER_PAYS") && { requesterPays: true }),
  };
}

/** Bucket and key prefix of `s3://bucket/prefix`; RangeError for any other URL. */
export function parseS3Url(url: string): { bucket: string; prefix: string } {
  const found = /^s3:\/\/([^/?#]+)(?:\/(.*))?$/s.exec(url);
  const [, bucket, prefix = ""] = found ?? [];
  if (bucket === undefined) throw new RangeError(`invalid S3 URL: ${url}; expected s3://bucket/prefix`);
  return { bucket, prefix };
}
