import { type Runtime, Session } from "node:inspector";
import { promiseHooks } from "node:v8";
import { InterruptedError } from "./interrupted.js";

/** How evaluated code ended, with the value itself. */
export type Evaluated =
  | { readonly status: "value"; readonly value: unknown }
  | { readonly status: "thrown"; readonly value: unknown; readonly place: string | undefined };

/** Runs JavaScript as a console does: names may be declared again, await works at the top, loops run at full speed. */
export interface Evaluator {
  /**
   * Runs a script to its end, awaiting what it awaits. When the script is terminated it rejects with InterruptedError;
   * in code that runs after an await only once it is abandoned.
   */
  evaluate(script: string): Promise<Evaluated>;
  /** Waits no more for scripts that are not at their end; they reject with InterruptedError. */
  abandon(): void;
}

/** The error of the inspector for a script that was terminated, in Node 20 and in Node 24, and of one that was abandoned. */
const TERMINATED = /terminated|-32603|context was destroyed|session was closed/i;
const OBJECT_GROUP = "ictal-cell";
const TAKEN = Symbol.for("ictal.kernel.taken");
const TAKE = `function () { "use strict"; globalThis[Symbol.for("ictal.kernel.taken")] = this; }`;

function decodeUnserializable(text: string): number | bigint {
  return text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text); // NaN, Infinity, -Infinity, -0
}

/** `cell-N.ts:line:column` of an exception that carries no stack of its own, 1-based. */
function placeOf(details: Runtime.ExceptionDetails): string | undefined {
  const frame = details.stackTrace?.callFrames.find(({ url }) => url.startsWith("cell-"));
  return frame ? `${frame.url}:${frame.lineNumber + 1}:${frame.columnNumber + 1}` : undefined;
}

/**
 * Adds to `held` the promise of the script that `start` runs, the first one made there; returns what removes it. When
 * nobody holds it and the garbage collection finds it, the inspector calls back in the midst of the collection, and V8
 * aborts the process (Node 24: "Invoke in DisallowJavascriptExecutionScope").
 */
function holdPromise(held: Set<Promise<unknown>>, start: () => void): () => void {
  let first: Promise<unknown> | undefined;
  const stop = promiseHooks.onInit((promise) => {
    first = promise;
    held.add(promise);
    stop();
  }) as () => void; // declared as a Function
  start();
  stop();
  return () => first && held.delete(first);
}

function openSession(): Session {
  const session = new Session();
  session.connect();
  return session;
}

/** Opens an inspector session on this very thread. */
export function createEvaluator(): Evaluator {
  let session = openSession();
  const held = new Set<Promise<unknown>>();

  /** The value behind a remote object, by reference. */
  function take(remote: Runtime.RemoteObject): unknown {
    if (remote.unserializableValue !== undefined) return decodeUnserializable(remote.unserializableValue);
    if (remote.objectId === undefined) return remote.value;
    const host = globalThis as { [TAKEN]?: unknown };
    // Answers on the same thread come before post returns.
    session.post("Runtime.callFunctionOn", { objectId: remote.objectId, functionDeclaration: TAKE, silent: true });
    const value = host[TAKEN];
    delete host[TAKEN];
    return value;
  }

  function toEvaluated({ result, exceptionDetails }: Runtime.EvaluateReturnType): Evaluated {
    if (!exceptionDetails) return { status: "value", value: take(result) };
    const thrown = exceptionDetails.exception;
    const value = thrown ? take(thrown) : new Error(exceptionDetails.text);
    return { status: "thrown", value, place: placeOf(exceptionDetails) };
  }

  return {
    evaluate: (expression) =>
      new Promise((resolve, reject) => {
        const options = { expression, replMode: true, awaitPromise: true, silent: true, objectGroup: OBJECT_GROUP };
        let release = () => {};
        let isOver = false;
        const onEnd = (error: Error | null, answer?: object) => {
          isOver = true;
          release();
          if (error) return reject(TERMINATED.test(error.message) ? new InterruptedError() : error);
          const evaluated = toEvaluated(answer as Runtime.EvaluateReturnType); // an object when there is no error
          session.post("Runtime.releaseObjectGroup", { objectGroup: OBJECT_GROUP });
          resolve(evaluated);
        };
        release = holdPromise(held, () => session.post("Runtime.evaluate", options, onEnd));
        if (isOver) release();
      }),
    abandon() {
      if (held.size === 0) return;
      session.disconnect(); // so that nobody is called when the promises are collected
      session = openSession();
      held.clear();
    },
  };
}
