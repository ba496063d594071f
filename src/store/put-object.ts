import { type OpenStoreOptions, parseS3Url, s3Options } from "./open-store.js";
import { S3Requests } from "./s3-requests.js";

export interface PutOptions extends OpenStoreOptions {
  /** What the object is for browsers, e.g. "text/html". @default none */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes one object, whole, in place of the one that is there: `s3://bucket/key`. Retries as reads do. NotFoundError for a
 * bucket that is not there, StoreError for a request that failed for good, RangeError for an address without a key.
 */
export async function putObject(url: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
  const { contentType, signal, ...given } = options;
  const { bucket, prefix: key } = parseS3Url(url);
  if (key === "" || key.endsWith("/")) throw new RangeError(`invalid S3 URL: ${url}; expected s3://bucket/key`);
  const requests = new S3Requests({ ...s3Options(given), bucket });
  try {
    await requests.put(key, bytes, contentType, signal);
  } finally {
    requests.close();
  }
}
