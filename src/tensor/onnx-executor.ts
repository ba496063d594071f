import { availableParallelism } from "node:os";
import { UnsupportedError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { freeBuffer } from "../base/free-buffer.js";
import { memberOf } from "../base/lookup.js";
import { compiledBy, type Runner } from "./compiled.js";
import { GRAPH_DIR, openCachedSession } from "./graph-cache.js";
import {
  type Compiled,
  checkProgram,
  type Executor,
  type Feed,
  isStateUnchanged,
  type Program,
  programHash,
  sizeOf,
  type TensorSpec,
} from "./program.js";
import { inputName, outputName, type TracedGraph, traceProgram } from "./trace.js";

type Ort = typeof import("onnxruntime-node");

export type OnnxExecutorName = "onnx-cpu" | "onnx-cuda" | "onnx-webgpu";

export const PROVIDER = { "onnx-cpu": "cpu", "onnx-cuda": "cuda", "onnx-webgpu": "webgpu" } as const;

export interface OnnxOptions {
  /** Threads inside one operation. @default os.availableParallelism() */
  readonly threads?: number | undefined;
  /** Folder that caches graphs as the runtime optimized them for this processor; null caches none. @default .build/graphs of the project */
  readonly graphDir?: string | null | undefined;
}

/** Smaller graphs open in less time than reading a file takes. */
const MIN_CACHED_NODES = 500;

/** The runtime itself prints errors only: its warnings are about graph optimizations. */
const LOG_ERRORS = 3;

function sessionOptions(name: OnnxExecutorName, options: OnnxOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [PROVIDER[name]],
    intraOpNumThreads: options.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: LOG_ERRORS,
    // with patterns the second run adds one block of peak size to what the first one took: 8.0 instead of 4.7 GB for the
    // full detector, and no faster
    enableMemPattern: false,
    // the runtime's arena keeps blocks that it cannot reuse: 4.4 instead of 3.2 GB, without a measurable gain in processor time
    enableCpuMemArena: false,
    // idle threads sleep soon: they would take the processor from the readers that prepare the next batch, but between
    // two operations of a run waking them costs more than it saves
    extra: { session: { intra_op: { allow_spinning: "1", spin_duration_us: "200" } } },
  };
}

/** A session on bytes of any origin, with the settings of the executor of that name. */
export async function createOrtSession(
  name: OnnxExecutorName,
  bytes: Uint8Array,
): Promise<{ ort: Ort; session: InferenceSession }> {
  const { default: ort } = (await import("onnxruntime-node")) as unknown as { default: Ort }; // a CommonJS module
  return { ort, session: await ort.InferenceSession.create(bytes, sessionOptions(name, {})) };
}

/** An executor that traces each program to ONNX and replays it with onnxruntime-node. Throws what its import throws. */
export async function openOnnxExecutor(name: OnnxExecutorName, options: OnnxOptions = {}): Promise<Executor> {
  requireCounts({ threads: options.threads });
  const { default: ort } = (await import("onnxruntime-node")) as unknown as { default: Ort }; // a CommonJS module
  const graphs = new Map<string, TracedGraph>();
  const open = new Set<Compiled>();
  return {
    name,
    async compile(program) {
      checkProgram(program);
      const hash = programHash(program);
      const graph = graphs.get(hash) ?? traceProgram(program, { provider: PROVIDER[name] });
      graphs.set(hash, graph);
      const session = await createSession(ort, name, graph, options);
      const compiled = compiledBy(replayRunner(ort, session, program, graph), program, (done) => open.delete(done));
      open.add(compiled);
      return compiled;
    },
    async dispose() {
      await Promise.all([...open].map((compiled) => compiled.dispose()));
      graphs.clear();
    },
  };
}

async function createSession(
  ort: Ort,
  name: OnnxExecutorName,
  graph: TracedGraph,
  options: OnnxOptions,
): Promise<InferenceSession> {
  const settings = sessionOptions(name, options);
  const dir = options.graphDir === undefined ? GRAPH_DIR : options.graphDir;
  try {
    if (name === "onnx-cpu" && dir !== null && graph.nodeCount >= MIN_CACHED_NODES) {
      return await openCachedSession(ort, graph.bytes, settings, dir);
    }
    return await ort.InferenceSession.create(graph.bytes, settings);
  } catch (cause) {
    throw new UnsupportedError(`ONNX Runtime cannot open the traced graph on ${name}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * State is double-buffered in two tensors over our own memory: a run reads one and writes the other, then they are swapped.
 * A state that no run changes has a single buffer.
 */
interface StateBuffers {
  current: OrtTensor;
  /** Created by the first run: by then the caller may have freed the values it set. */
  next?: OrtTensor;
  readonly isFixed: boolean;
}

function replayRunner(ort: Ort, session: InferenceSession, program: Program, graph: TracedGraph): Runner {
  const states = new Map<string, StateBuffers>();
  const zeros = (name: string) => {
    const { shape } = memberOf(program.inputs, name);
    return new ort.Tensor("float32", new Float32Array(sizeOf(shape)), shape);
  };
  for (const name of program.state ?? [])
    states.set(name, { current: zeros(name), isFixed: graph.fixed.includes(name) });
  const results = graph.outputNames.filter((name) => !states.has(name));
  const current = (name: string) => {
    const buffers = states.get(name);
    if (!buffers) throw new RangeError(`program ${program.name} has no state ${name}`);
    return buffers.current.data as Float32Array; // state is float32
  };
  return {
    writeState(name, values) {
      current(name).set(values);
    },
    readState: (name) => current(name).slice(),
    async run(feeds) {
      const given: Record<string, OrtTensor> = {};
      const wanted: Record<string, OrtTensor | null> = {}; // null: allocated by the runtime
      for (const [name, values] of Object.entries(feeds))
        given[inputName(name)] = feedTensor(ort, values, memberOf(program.inputs, name));
      for (const [name, buffers] of states) {
        given[inputName(name)] = buffers.current;
        if (buffers.isFixed) continue;
        buffers.next ??= zeros(name);
        wanted[outputName(name)] = buffers.next;
      }
      for (const name of results) wanted[outputName(name)] = null;
      const outputs = await session.run(given, wanted);
      const returned = Object.fromEntries(
        results.map((name) => [name, memberOf(outputs, outputName(name)).data as Feed]),
      );
      for (const [name, buffers] of states) {
        if (!buffers.next) continue;
        const copy = memberOf(outputs, outputName(name)).data as Float32Array; // the binding copies what it wrote to our memory
        if (copy !== buffers.next.data) freeBuffer(copy);
        if (isStateUnchanged(program, name, returned)) continue;
        [buffers.current, buffers.next] = [buffers.next, buffers.current];
      }
      return returned;
    },
    async dispose() {
      states.clear();
      await session.release();
    },
  };
}

function feedTensor(ort: Ort, values: Feed, { dtype, shape }: TensorSpec): OrtTensor {
  return new ort.Tensor(dtype, values as never, shape); // `values` was checked to be of `dtype`
}
