/** Third thread: echoes the heartbeat whatever the other threads do, and ends the process when its parent is gone. */
import { parentPort, workerData } from "node:worker_threads";
import { isAlive } from "@ictal/base/process-alive";
import { Router } from "zeromq";
import { bindTo, framesOf } from "../../wire/channel.js";
import type { ConnectionInfo } from "../../wire/connection.js";

const WATCH_MILLISECONDS = 1000;

interface HeartbeatData {
  readonly connection: ConnectionInfo;
  /** Process that started this one. */
  readonly parent: number;
  /** Process that asked for the kernel (JPY_PARENT_PID); 0 or 1 when none did. */
  readonly starter: number;
}

const { connection, parent, starter } = workerData as HeartbeatData; // what main.ts starts this with

const watch = setInterval(() => {
  const orphaned = process.ppid !== parent || (starter > 1 && !isAlive(starter));
  if (orphaned) process.kill(process.pid, "SIGKILL");
}, WATCH_MILLISECONDS);

const socket = new Router({ sendTimeout: 0, linger: 0 });
parentPort!.once("message", () => {
  clearInterval(watch); // any message means that the kernel ends
  socket.close();
});
await bindTo(socket, connection, "hb").catch((error: Error) => {
  socket.close();
  clearInterval(watch);
  throw error;
});
for await (const frames of framesOf(socket)) await socket.send(frames).catch(() => {}); // the asker is gone
