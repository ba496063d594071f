import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { reportMemory } from "../threads/thread-memory.js";
import type { LanguageRequest, LanguageResponse } from "./client.js";
import { createLanguageSession, type LanguageSetting } from "./session.js";

// The thread of the language service. Requests come through the parent's port and through ports that it hands on.

const session = createLanguageSession(workerData as LanguageSetting);

function answer({ id, method, args }: LanguageRequest): LanguageResponse {
  try {
    const call = session[method] as (...all: unknown[]) => unknown; // the client's types pair method and arguments
    return { id, value: call.apply(session, [...args]) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

const IDLE_MILLISECONDS = 2000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
let idle: NodeJS.Timeout | undefined;

/** Gives back what checked cells have left behind, once nobody has asked for anything for a while. */
function collectWhenIdle(): void {
  clearTimeout(idle);
  idle = setTimeout(() => {
    collectGarbage();
    setTimeout(collectGarbage, 1).unref(); // what the first one frees, the second one returns to the system
  }, IDLE_MILLISECONDS).unref();
}

function serve(port: MessagePort): void {
  port.on("message", (request: LanguageRequest | { port: MessagePort }) => {
    if ("port" in request) serve(request.port);
    else {
      const response = answer(request);
      collectWhenIdle();
      if (request.method !== "settle") port.postMessage(response);
    }
  });
}

/** One step at a time, so that a cell which comes in between waits for no more than the step. */
function warmUp(): void {
  if (session.warmUp()) setTimeout(warmUp, 1);
  else collectWhenIdle();
}

reportMemory("language");
if (parentPort) serve(parentPort);
warmUp();
