import { SourceMap } from "node:module";
import vm from "node:vm";
import { repairNames } from "./names.mjs";

// tslab compiles a cell twice (TypeScript to ES module, that to CommonJS) and keeps no source map, so its stack traces
// name wrong lines. Both compilations are asked for their maps, and each cell runs under the file name `cell-N.ts`.

const PREFIX_LINES = 1; // tslab puts "export {};" above the cell
const FRAME = /\bcell-(\d+)\.ts:(\d+):(\d+)/;
const SHOWN_SOURCE = /^cell-\d+\.ts:\d+\n(?:.*\n)*?\n/; // Node's excerpt of the compiled code above the message
const OWN_FRAME = /[\\/]node_modules[\\/]tslab[\\/]|\(node:vm:|\(?node:internal\/|[\\/]kernels[\\/]tslab[\\/]/;

function composedPlace({ maps }, line, column) {
  let place = { line: line - 1, column: column - 1 };
  for (const map of maps) {
    const { originalLine, originalColumn } = map.findEntry(place.line, place.column);
    if (originalLine === undefined) return undefined;
    place = { line: originalLine, column: originalColumn };
  }
  return { line: place.line + 1 - PREFIX_LINES, column: place.column + 1 };
}

/** Observes the compiler and the evaluator; call before tslab's own modules load. */
export function mapCellLines(fromTslab, compilerName) {
  const typescript = fromTslab(compilerName);
  const cells = new Map(); // execution count -> its two maps and the number of compiled lines
  let typescriptMap;
  let commonjsMap;
  let count = 0;

  const createWatchCompilerHost = (files, options, ...rest) =>
    typescript.createWatchCompilerHost(files, { ...options, sourceMap: true }, ...rest);
  const createWatchProgram = (host) => {
    const created = host.afterProgramCreate;
    host.afterProgramCreate = (builder) => {
      const emit = builder.emit;
      builder.emit = (file, write, token, declarationsOnly, transformers) => {
        const writeAndKeep = (name, data, ...more) => {
          if (name.endsWith("__tslab__.js.map")) typescriptMap = new SourceMap(JSON.parse(data));
          return write(name, data, ...more);
        };
        const before = [repairNames(typescript, builder.getProgram())];
        return emit.call(builder, file, writeAndKeep, token, declarationsOnly, { ...transformers, before });
      };
      created(builder);
    };
    return typescript.createWatchProgram(host);
  };
  const transpileModule = (input, { compilerOptions, ...rest }) => {
    const result = typescript.transpileModule(input, {
      ...rest,
      compilerOptions: { ...compilerOptions, sourceMap: true },
    });
    commonjsMap = new SourceMap(JSON.parse(result.sourceMapText));
    return result;
  };
  const overrides = { createWatchCompilerHost, createWatchProgram, transpileModule };
  const properties = Object.getOwnPropertyDescriptors(typescript); // its own are read-only getters
  for (const [name, value] of Object.entries(overrides)) properties[name] = { value, enumerable: true };
  fromTslab.cache[fromTslab.resolve(compilerName)].exports = Object.defineProperties({}, properties);

  const runInThisContext = vm.runInThisContext;
  vm.runInThisContext = (code, options) => {
    if (!options?.breakOnSigint) return runInThisContext(code, options);
    if (typescriptMap && commonjsMap) {
      cells.set(count, { maps: [commonjsMap, typescriptMap], lastLine: code.split("\n").length });
    }
    return runInThisContext(code, { ...options, filename: `cell-${count}.ts` });
  };

  return {
    /** The number under which the next cell's frames appear. */
    startCell(executionCount) {
      count = executionCount;
    },
    /** Rewrites the cell frames of a stack to lines of the source; drops the kernel's own frames at its end. */
    mapStack(stack) {
      const frames = stack.replace(SHOWN_SOURCE, "").split("\n");
      while (frames.length > 1 && OWN_FRAME.test(frames.at(-1)) && !FRAME.test(frames.at(-1))) frames.pop();
      const mapped = frames.map((frame) => {
        const [, number, line, column] = FRAME.exec(frame)?.map(Number) ?? [];
        const cell = cells.get(number);
        if (!cell) return frame;
        if (line === cell.lastLine) return undefined; // the call of the function that tslab wraps around a cell
        const place = composedPlace(cell, line, column);
        return place ? frame.replace(FRAME, `cell-${number}.ts:${place.line}:${place.column}`) : frame;
      });
      return mapped.filter((frame) => frame !== undefined).join("\n");
    },
  };
}
