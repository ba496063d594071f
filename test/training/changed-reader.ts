import type { WindowReader } from "../../src/dataset/window-reader.js";

/** A reader with some of its methods replaced; the others are the reader's own. */
export function changedReader(reader: WindowReader, methods: Partial<WindowReader>): WindowReader {
  return new Proxy(reader, {
    get(target, name) {
      const value: unknown = Reflect.get(name in methods ? methods : target, name);
      return typeof value === "function" && !(name in methods) ? value.bind(target) : value;
    },
  });
}
