import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { UnsupportedError } from "@ictal/base/errors";
import { type InputAnswer, SHARED, type ToProtocol } from "../threads/messages.js";
import { InterruptedError } from "./interrupted.js";
import { currentJob } from "./job.js";

const NO_STDIN =
  "the cell asks for input and this client takes none (allow_stdin is false); run it in JupyterLab or VS Code, or give the value as a parameter";

/** Asks the person at the front end and waits, as `prompt` in a browser does, with this thread asleep. */
export type Ask = (prompt: string, password: boolean) => string;

/** The answer comes through `port`, announced in `shared`. Throws UnsupportedError where nobody can be asked. */
export function createAsk(post: (message: ToProtocol) => void, port: MessagePort, shared: Int32Array): Ask {
  return (prompt, password) => {
    const { job, allowStdin, ended } = currentJob();
    if (!allowStdin) throw new UnsupportedError(NO_STDIN);
    if (ended) throw new UnsupportedError("input can be asked for only while the cell runs; this one has ended");
    while (receiveMessageOnPort(port)); // an answer that came too late
    Atomics.store(shared, SHARED.inputReady, 0);
    post({ type: "input", job, prompt, password });
    Atomics.wait(shared, SHARED.inputReady, 0);
    const answer = receiveMessageOnPort(port)?.message as InputAnswer | undefined; // sent before the announcement
    if (answer && "value" in answer) return answer.value;
    if (answer?.refused === "no-stdin") throw new UnsupportedError(NO_STDIN);
    throw new InterruptedError();
  };
}

/** The functions that browsers have, for cells. */
export function inputFunctions(ask: Ask) {
  return {
    /** A line of text; `fallback` when the line is empty. */
    prompt: (message = "", fallback = "") =>
      ask(fallback === "" ? `${message} ` : `${message} [${fallback}] `, false) || fallback,
    /** True for an answer that begins with y, j, o, s or t, the first letters of many languages' yes. */
    confirm: (message = "") => /^\s*[yjost1]/i.test(ask(`${message} [y/N] `, false)),
    /** A line that the front end does not show. */
    password: (message = "Password:") => ask(`${message} `, true),
  };
}
