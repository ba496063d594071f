import { memberOf } from "../base/lookup.js";
import { compiledBy, type Runner } from "./compiled.js";
import { releaseTape } from "./gradient-scope.js";
import {
  ARRAY_OF,
  type Compiled,
  checkOutputs,
  checkProgram,
  type Executor,
  type ExecutorName,
  elementType,
  type Feed,
  isStateUnchanged,
  type Program,
} from "./program.js";
import { type Tensor, tf } from "./tf.js";

/** An executor that calls `program.build` for each run on a tfjs backend that is already initialized. */
export function openEagerExecutor(name: ExecutorName, backend: string): Executor {
  const open = new Set<Compiled>();
  return {
    name,
    async compile(program) {
      checkProgram(program);
      const compiled = compiledBy(eagerRunner(backend, program), program, (done) => open.delete(done));
      open.add(compiled);
      return compiled;
    },
    async dispose() {
      await Promise.all([...open].map((compiled) => compiled.dispose()));
    },
  };
}

/** `work` with `backend` as tfjs's current one; must be synchronous, since the current backend is global. */
function onBackend<T>(backend: string, work: () => T): T {
  const previous = tf.getBackend();
  void tf.setBackend(backend); // takes effect at once for a backend that has been initialized
  try {
    return work();
  } catch (error) {
    releaseTape();
    throw error;
  } finally {
    void tf.setBackend(previous);
  }
}

function eagerRunner(backend: string, program: Program): Runner {
  const states = new Map<string, Tensor>();
  const stateNames = new Set(program.state ?? []);

  function replaceState(name: string, tensor: Tensor): void {
    states.get(name)?.dispose();
    states.set(name, tf.keep(tensor));
  }

  /** One run of `build`; its outputs are kept, all else is freed. */
  function build(feeds: Record<string, Feed>): Record<string, Tensor> {
    return tf.tidy(() => {
      const inputs: Record<string, Tensor> = {};
      for (const [name, { shape, dtype }] of Object.entries(program.inputs)) {
        // a copy, since tfjs holds on to the array and the caller may write to it
        inputs[name] = states.get(name) ?? tf.tensor(memberOf(feeds, name).slice(), [...shape], dtype);
      }
      const outputs = program.build(inputs);
      checkOutputs(program, outputs);
      // clones, so that one tensor may be returned twice and a state returned unchanged survives its old self
      return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tf.clone(tensor)]));
    });
  }

  return {
    writeState(name, values) {
      const { shape, dtype } = memberOf(program.inputs, name);
      onBackend(backend, () => replaceState(name, tf.tensor(values.slice(), [...shape], dtype)));
    },
    async readState(name) {
      const tensor = states.get(name);
      if (!tensor) throw new RangeError(`program ${program.name}: state ${name} has no value yet`);
      return ((await tensor.data()) as Float32Array).slice(); // state is float32
    },
    async run(feeds) {
      const outputs = Object.entries(onBackend(backend, () => build(feeds)));
      const results: Record<string, Feed> = {};
      try {
        for (const [name, tensor] of outputs.filter(([name]) => !stateNames.has(name))) {
          results[name] = ARRAY_OF[elementType(tensor.dtype)].from(await tensor.data()); // the cpu backend may keep int32 as float32
          tensor.dispose();
        }
      } catch (error) {
        for (const [, tensor] of outputs) tensor.dispose(); // a device that is lost gives no values
        throw error;
      }
      for (const [name, tensor] of outputs.filter(([name]) => stateNames.has(name))) {
        if (isStateUnchanged(program, name, results)) tensor.dispose();
        else replaceState(name, tensor);
      }
      return results;
    },
    dispose() {
      for (const tensor of states.values()) tensor.dispose();
      states.clear();
    },
  };
}
