/*
 * Before Node 24, terminated code leaves Node's stack of asynchronous contexts as it was in the middle of a callback. With any
 * async_hooks in use, and AsyncLocalStorage is one, Node checks that stack when the callback returns and aborts the
 * process. Two counters decide whether it looks; they read 0 from just before a termination until the stack is cleared.
 */

type Counter = "kTotals" | "kCheck";

interface AsyncWrap {
  readonly async_hook_fields: Uint32Array;
  readonly constants: Readonly<Record<Counter, number>>;
  clearAsyncIdStack(): void;
}

const COUNTERS: readonly Counter[] = ["kTotals", "kCheck"];
const KEY = "ictal.kernel.prepare-termination";

/** From Node 24 on AsyncLocalStorage needs no hooks, so nothing is checked and nothing is to be prepared. */
export const NEEDS_PREPARATION = Number.parseInt(process.versions.node, 10) < 24;

/** What the protocol thread's inspector evaluates here, in the midst of whatever runs, before it terminates that. */
export const PREPARE_TERMINATION = `globalThis[Symbol.for("${KEY}")]?.()`;

function asyncWrap(): AsyncWrap | undefined {
  if (!NEEDS_PREPARATION) return undefined;
  const { noDeprecation } = process;
  process.noDeprecation = true; // binding() is deprecated for applications, and this needs no replacement there
  try {
    return (process as unknown as { binding(name: string): AsyncWrap }).binding("async_wrap"); // not in Node's types
  } catch {
    return undefined;
  } finally {
    Object.assign(process, { noDeprecation });
  }
}

/** Makes this thread fit to be terminated; `recover` is to be called once it runs again. */
export function prepareForTermination(): { recover(): void } {
  const wrap = asyncWrap();
  let saved: Map<Counter, number> | undefined;
  const prepare = () => {
    if (!wrap || saved) return;
    saved = new Map(COUNTERS.map((name) => [name, wrap.async_hook_fields[wrap.constants[name]]!]));
    for (const name of COUNTERS) wrap.async_hook_fields[wrap.constants[name]] = 0;
  };
  Object.assign(globalThis, { [Symbol.for(KEY)]: prepare });
  return {
    recover() {
      if (!wrap || !saved) return;
      wrap.clearAsyncIdStack();
      for (const [name, value] of saved) wrap.async_hook_fields[wrap.constants[name]]! += value; // hooks may have come meanwhile
      saved = undefined;
    },
  };
}
