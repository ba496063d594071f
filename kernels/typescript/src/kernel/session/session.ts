import { createRequire } from "node:module";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { type DisplayChannel, display } from "../../display.js";
import { Comm } from "../cell-api/comm.js";
import type { KernelGlobals } from "../cell-api/globals.js";
import { kernel } from "../cell-api/kernel.js";
import { startLanguage } from "../language/client.js";
import { installMagics } from "../magics/install.js";
import { createLoader } from "../modules/loader.js";
import { kernelProject as projectDir } from "../project/kernel-project.js";
import type { ToMain, ToProtocol } from "../threads/messages.js";
import { encodeJson } from "../threads/well-formed.js";
import { createAsk, inputFunctions } from "./ask.js";
import { installCheckpoint } from "./checkpoint.js";
import { createComms } from "./comms.js";
import { createEvaluator } from "./evaluator.js";
import { installHost } from "../cell-api/host.js";
import { currentJob, type JobContext, runInJob } from "./job.js";
import { watchLeftovers } from "./leftovers.js";
import { createModules, installImport } from "./modules.js";
import { createCellRunner } from "./run-cell.js";
import type { SourceMaps } from "./source-maps.js";
import { prepareForTermination } from "../threads/termination.js";
import { watchTimers } from "./timers.js";

export interface SessionParts {
  post(message: ToProtocol, transfer?: readonly (ArrayBuffer | MessagePort)[]): void;
  /** Ends the process in order. */
  leave(code: number): void;
  readonly maps: SourceMaps;
  /** Answers to cells' questions. */
  readonly input: MessagePort;
  readonly shared: Int32Array;
  /** What the first cell should tell. */
  readonly notice: string | undefined;
}

type PublishedType = Extract<ToProtocol, { type: "publish" }>["messageType"];

/** Starts what runs cells on this thread; returns the function that takes the protocol thread's messages. */
export function startSession(parts: SessionParts): (message: ToMain) => void {
  const { post, maps } = parts;
  const notebookDir = process.cwd();
  const language = startLanguage({ projectDir, notebookDir });
  const loader = createLoader({ projectDir, notebookDir, language });
  const evaluator = createEvaluator();
  const modules = createModules(projectDir, loader, evaluator, language);
  const comms = createComms(post);
  const pending: NonNullable<DisplayChannel["pending"]> = new Set();
  const timers = watchTimers(maps);
  const leftovers = watchLeftovers(timers);
  const runner = createCellRunner({ language, modules, evaluator, maps, timers, leftovers, pending, post });

  const publish = (messageType: PublishedType, value: unknown) => {
    const content = encodeJson(value);
    post({ type: "publish", job: currentJob().job, messageType, content }, [content.buffer]);
  };
  const ask = createAsk(post, parts.input, parts.shared);
  installDisplay({
    send: (content, update) => publish(update ? "update_display_data" : "display_data", content),
    pending,
  });
  installHost({
    get signal() {
      const context = currentJob();
      context.usesSignal = true;
      return context.controller.signal;
    },
    get executionCount() {
      return currentJob().cell;
    },
    clearOutput: (wait) => publish("clear_output", { wait }),
    ask,
    ...comms,
  });
  installImport(loader);
  installCheckpoint();
  installMagics({
    reload: (module) => modules.reload(module),
    signal: () => currentJob().controller.signal,
    threads: ["language", "protocol"],
  });
  const globals: KernelGlobals = {
    display,
    kernel,
    Comm,
    ...inputFunctions(ask),
    require: createRequire(join(notebookDir, "notebook.js")),
  };
  Object.assign(globalThis, globals, { __dirname: notebookDir });
  parts.input.unref();
  const port = language.connect();
  post({ type: "language", port }, [port]);

  function runComm({ job, message }: Extract<ToMain, { type: "comm" }>): void {
    const context: JobContext = {
      job,
      cell: 0,
      allowStdin: false,
      controller: new AbortController(),
      ended: false,
    };
    try {
      runInJob(context, () => comms.receive(message));
    } finally {
      context.ended = true;
      post({ type: "comm-done", job });
    }
  }

  const termination = prepareForTermination();
  let { notice } = parts;
  return (message) => {
    switch (message.type) {
      case "execute":
        leftovers.begin();
        runner.run(message.order);
        if (notice) runInJob(currentJob(), () => process.stderr.write(`${notice}\n`));
        notice = undefined;
        break;
      case "comm":
        runComm(message);
        break;
      case "interrupt":
      case "terminated":
        termination.recover();
        runner.interrupt();
        post({ type: "acknowledged", number: message.number, phase: message.type });
        break;
      case "settle":
        void leftovers
          .settle(message.graceMilliseconds)
          .then((found) => post({ type: "settled", number: message.number, leftovers: found }));
        break;
      case "exit":
        parts.leave(message.code);
        break;
      case "bound":
        if (!message.handlesSignals) passSignalsOn(post);
    }
  };
}

function installDisplay(channel: DisplayChannel): void {
  Object.assign(globalThis, { [Symbol.for("ictal.display-channel")]: channel });
}

/** The second-best way: these listeners wait while a cell computes. */
function passSignalsOn(post: SessionParts["post"]): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => post({ type: "signal", signal }));
}
