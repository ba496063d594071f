/** A bucket that answers slower the longer it runs: node server-child.js ROOT PORT MAXIMUM-DELAY-MS. */
import { setTimeout as sleep } from "node:timers/promises";
import { folderStore } from "../../../src/store/folder-store.js";
import { startS3Server } from "../../../src/store/server/s3-server.js";
import type { Store } from "../../../src/store/store.js";

const [root = "", port = "0", most = "0"] = process.argv.slice(2);
const DRIFT_PER_SECOND = 20;
const folder = folderStore(root);
const started = performance.now();
const drift = () => sleep(Math.min(Number(most), ((performance.now() - started) / 1000) * DRIFT_PER_SECOND));

const slow: Store = {
  url: folder.url,
  list: (prefix, options) => folder.list(prefix, options),
  stat: async (key) => {
    await drift();
    return folder.stat(key);
  },
  read: async (key, options) => {
    await drift();
    return folder.read(key, options);
  },
};
const server = await startS3Server({ store: slow, bucket: "soak", port: Number(port), secretAccessKey: "soak" });
process.stdout.write(`${server.port}\n`);
