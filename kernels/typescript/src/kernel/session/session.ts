import { createRequire } from "node:module";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { type DisplayChannel, display } from "../../display.js";
import type { MimeBundle } from "../../wire/message.js";
import { Comm } from "../cell-api/comm.js";
import { DENO_KEY, denoJupyter } from "../cell-api/deno-jupyter.js";
import type { KernelGlobals } from "../cell-api/globals.js";
import { installHost } from "../cell-api/host.js";
import { kernel } from "../cell-api/kernel.js";
import { startLanguage } from "../language/client.js";
import type { Language } from "../language/language.js";
import { installMagics } from "../magics/install.js";
import type { Variable } from "../magics/variables.js";
import { ModuleLoader } from "../modules/loader.js";
import { kernelProject as projectDir } from "../project/kernel-project.js";
import type { ToMain, ToProtocol } from "../threads/messages.js";
import { prepareForTermination } from "../threads/termination.js";
import { encodeJson } from "../threads/well-formed.js";
import { createAsk, inputFunctions } from "./ask.js";
import { installCheckpoint } from "./checkpoint.js";
import { captureChildren } from "./child-output.js";
import { createComms } from "./comms.js";
import { createEvaluator, type Evaluator } from "./evaluator.js";
import { currentJob, type JobContext, runInJob } from "./job.js";
import { type LeftoverWatch, watchLeftovers } from "./leftovers.js";
import { createModules, installImport, type Modules } from "./modules.js";
import { CellRunner } from "./run-cell.js";
import type { SourceMaps } from "./source-maps.js";
import { watchTimers } from "./timers.js";

export interface SessionParts {
  post(message: ToProtocol, transfer?: readonly (ArrayBuffer | MessagePort)[]): void;
  /** Ends the process in order. */
  leave(code: number): void;
  readonly maps: SourceMaps;
  /** Answers to cells' questions. */
  readonly input: MessagePort;
  readonly shared: Int32Array;
  /** Shown with the first cell. */
  readonly notice: string | undefined;
}

type PublishedType = Extract<ToProtocol, { type: "publish" }>["messageType"];

/** What the parts of a session share. */
interface SessionTools {
  readonly ask: ReturnType<typeof createAsk>;
  readonly comms: ReturnType<typeof createComms>;
  readonly modules: Modules;
  readonly language: Language;
  readonly evaluator: Evaluator;
  readonly pending: NonNullable<DisplayChannel["pending"]>;
  readonly notebookDir: string;
}

/** Starts what runs cells on this thread; returns the function that takes the protocol thread's messages. */
export function startSession(parts: SessionParts): (message: ToMain) => void {
  const { post, maps } = parts;
  const notebookDir = process.cwd();
  const language = startLanguage({ projectDir, notebookDir });
  const loader = new ModuleLoader({ projectDir, notebookDir, language });
  const evaluator = createEvaluator();
  const modules = createModules(projectDir, loader, evaluator, language);
  const comms = createComms(post);
  const pending: SessionTools["pending"] = new Set();
  const timers = watchTimers(maps);
  const leftovers = watchLeftovers(timers);
  const runner = new CellRunner({ language, modules, evaluator, maps, timers, leftovers, pending, post });
  const ask = createAsk(post, parts.input, parts.shared);
  installImport(loader);
  installForCells(post, { ask, comms, modules, language, evaluator, pending, notebookDir });
  parts.input.unref();
  const port = language.connect();
  post({ type: "language", port }, [port]);
  return createReceiver(parts, { comms, leftovers, runner });
}

/** Puts what cells use into this thread's global object. */
function installForCells(post: SessionParts["post"], tools: SessionTools): void {
  const { ask, comms, modules, language, evaluator, pending, notebookDir } = tools;
  const publish = (messageType: PublishedType, value: unknown) => {
    const content = encodeJson(value);
    post({ type: "publish", job: currentJob().job, messageType, content }, [content.buffer]);
  };
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
  installCheckpoint();
  captureChildren();
  installMagics({
    reload: (module) => modules.reload(module),
    signal: () => currentJob().controller.signal,
    threads: ["language", "protocol"],
    inspect: (name, level) => inspectName(language, name, level),
    page: (bundle) => addPage(bundle),
    variables: () => variablesOf(modules.declaredNames(), evaluator),
  });
  const globals: KernelGlobals = {
    display,
    kernel,
    Comm,
    ...inputFunctions(ask),
    require: createRequire(join(notebookDir, "notebook.js")),
  };
  Object.assign(globalThis, globals, { __dirname: notebookDir, [Symbol.for(DENO_KEY)]: denoJupyter });
}

/** What the compiler knows of a name, as the front end's pager takes it. */
async function inspectName(language: Language, name: string, level: 0 | 1): Promise<MimeBundle | undefined> {
  const found = await language.inspect(name, name.length, level);
  return found && { "text/plain": found.text, "text/markdown": found.markdown };
}

function addPage(bundle: MimeBundle): void {
  const context = currentJob();
  context.pages = [...(context.pages ?? []), bundle];
}

/** Values of names; types, and names that a failed cell has left without a value, are none. */
async function variablesOf(names: readonly string[], evaluator: Evaluator): Promise<Variable[]> {
  const found: Variable[] = [];
  for (const name of names) {
    const evaluated = await evaluator.evaluate(`(${name}\n)`);
    if (evaluated.status === "value") found.push({ name, value: evaluated.value });
  }
  return found;
}

interface Receivers {
  readonly comms: SessionTools["comms"];
  readonly leftovers: LeftoverWatch;
  readonly runner: CellRunner;
}

/** Takes the protocol thread's messages. */
function createReceiver(parts: SessionParts, { comms, leftovers, runner }: Receivers): (message: ToMain) => void {
  const { post } = parts;

  function runComm({ job, message }: Extract<ToMain, { type: "comm" }>): void {
    const context: JobContext = { job, cell: 0, allowStdin: false, controller: new AbortController(), ended: false };
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
        if (!message.handlesSignals) forwardSignals(post);
    }
  };
}

function installDisplay(channel: DisplayChannel): void {
  Object.assign(globalThis, { [Symbol.for("ictal.display-channel")]: channel });
}

/** Sends signals to the protocol thread where it cannot catch them itself: these listeners wait while a cell computes. */
function forwardSignals(post: SessionParts["post"]): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => post({ type: "signal", signal }));
}
