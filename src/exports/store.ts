/**
 * Folders, memory and S3 as one kind of store; mirrors, pull, an S3 server for tests.
 * @module ictal/store
 */
export { folderStore } from "../store/folder-store.js";
export { memoryStore } from "../store/memory-store.js";
export { withMirror } from "../store/mirror-store.js";
export { openObject } from "../store/open-object.js";
export { openStore } from "../store/open-store.js";
export { type PullOptions, type PullReport, pullObjects } from "../store/pull.js";
export type { S3StoreOptions } from "../store/s3-options.js";
export { s3Store } from "../store/s3-store.js";
export { type FaultInjectionResult, injectFaults } from "../store/server/fault-injection.js";
export { type S3Server, type S3ServerOptions, startS3Server } from "../store/server/s3-server.js";
export type { ByteRange, ObjectInfo, ReadOptions, Store } from "../store/store.js";
