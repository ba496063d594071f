import { memoryStore } from "../../src/store/memory-store.js";
import { type S3StoreOptions, s3Store } from "../../src/store/s3-store.js";
import {
  type S3Server,
  type S3ServerOptions,
  type ServedRequest,
  startS3Server,
} from "../../src/store/server/s3-server.js";
import type { Store } from "../../src/store/store.js";

export interface Bucket {
  readonly server: S3Server;
  readonly store: Store;
  readonly requests: ServedRequest[];
  connect(options?: Partial<S3StoreOptions>): Store;
}

/** Runs `use` with a bucket on the embedded server and a store on it, both closed afterwards. */
export async function withBucket(
  objects: Record<string, Uint8Array | string>,
  options: Partial<S3ServerOptions> & { client?: Partial<S3StoreOptions> },
  use: (bucket: Bucket) => Promise<void>,
): Promise<void> {
  const requests: ServedRequest[] = [];
  const { client, ...serverOptions } = options;
  const source = options.root === undefined ? { store: options.store ?? memoryStore(objects) } : {};
  const onRequest = (request: ServedRequest) => void requests.push(request);
  const server = await startS3Server({ bucket: "corpus", onRequest, ...source, ...serverOptions });
  const { accessKeyId, secretAccessKey, endpoint } = server;
  const stores: Store[] = [];
  const connect = (more: Partial<S3StoreOptions> = {}) => {
    const credentials = { accessKeyId, secretAccessKey };
    const store = s3Store({ bucket: "corpus", endpoint, credentials, backoffMilliseconds: 5, ...client, ...more });
    stores.push(store);
    return store;
  };
  try {
    await use({ server, store: connect(), requests, connect });
  } finally {
    for (const store of stores) await store.close?.();
    await server.close();
  }
}

/** `size` bytes that differ from place to place and, by `seed`, from object to object. */
export function patternBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let value = seed >>> 0;
  for (let i = 0; i < size; i++) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    bytes[i] = value >>> 24;
  }
  return bytes;
}
