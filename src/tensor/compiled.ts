import { memberOf } from "../base/lookup.js";
import { ARRAY_OF, type Compiled, type Feed, type Program, programHash, sizeOf } from "./program.js";

/** What an executor implements for one compiled program; argument checks and the order of calls are left to `compiledBy`. */
export interface Runner {
  /** Copy `values` into the state called `name`. */
  writeState(name: string, values: Float32Array): void;
  /** A copy of the state called `name`. */
  readState(name: string): Float32Array | Promise<Float32Array>;
  /** Run once; `feeds` fit the program and every state has a value. */
  run(feeds: Record<string, Feed>): Promise<Record<string, Feed>>;
  dispose(): void | Promise<void>;
}

function checkValues(program: Program, name: string, values: Feed): void {
  const { shape, dtype } = memberOf(program.inputs, name);
  if (!(values instanceof ARRAY_OF[dtype])) {
    throw new RangeError(`program ${program.name}: input ${name} expects a ${ARRAY_OF[dtype].name} (${dtype})`);
  }
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(
      `program ${program.name}: input ${name} has ${values.length} values, but its shape [${shape}] holds ${sizeOf(shape)}`,
    );
  }
}

function checkFeeds(program: Program, state: ReadonlySet<string>, feeds: Record<string, Feed>): void {
  for (const name of Object.keys(program.inputs)) {
    if (state.has(name)) continue;
    const values = feeds[name];
    if (!values) throw new RangeError(`program ${program.name}: input ${name} is not fed`);
    checkValues(program, name, values);
  }
  for (const name of Object.keys(feeds)) {
    if (state.has(name)) throw new RangeError(`program ${program.name}: ${name} is state; set it by setState`);
    if (!(name in program.inputs)) throw new RangeError(`program ${program.name} has no input ${name}`);
  }
}

/** Tasks one after another in the order of the calls; one that fails does not stop those behind it. */
class Queue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  add<T>(task: () => T | Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#tail.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/** A `Compiled` around a runner: arguments checked, runs in turn, state set before use, nothing after dispose. */
export function compiledBy(runner: Runner, program: Program, onDispose: (compiled: Compiled) => void): Compiled {
  const stateNames = new Set(program.state ?? []);
  const unset = new Set(stateNames);
  const queue = new Queue();
  let disposed = false;

  function checkUsable(): void {
    if (disposed) throw new RangeError(`program ${program.name} is disposed`);
  }

  function checkReady(): void {
    checkUsable();
    for (const name of unset) {
      throw new RangeError(`program ${program.name}: state ${name} has no value yet; call setState first`);
    }
  }

  const compiled: Compiled = {
    programHash: programHash(program),
    setState(values) {
      checkUsable();
      if (queue.isBusy)
        throw new RangeError(`program ${program.name}: setState while a run is pending; await it first`);
      for (const [name, array] of Object.entries(values)) {
        if (!stateNames.has(name)) throw new RangeError(`program ${program.name} has no state ${name}`);
        checkValues(program, name, array);
      }
      for (const [name, array] of Object.entries(values)) {
        runner.writeState(name, array);
        unset.delete(name);
      }
    },
    getState() {
      return queue.add(async () => {
        checkReady();
        const values: Record<string, Float32Array> = {};
        for (const name of stateNames) values[name] = await runner.readState(name);
        return values;
      });
    },
    run(feeds) {
      return queue.add(() => {
        checkReady();
        checkFeeds(program, stateNames, feeds);
        return runner.run(feeds);
      });
    },
    dispose() {
      return queue.add(async () => {
        if (disposed) return;
        disposed = true;
        await runner.dispose();
        onDispose(compiled);
      });
    },
  };
  return compiled;
}
