/** From the keys of a configuration to the options of the modules, by the bindings of the schema. */
import { valueAt } from "@ictal/base/records";
import type { OptionTable, ValuesOf } from "../base/option-table.js";
import { type Binding, bindingsOf } from "./field.js";
import { configSchema } from "./schema.js";
import { keysOf } from "./without-effect.js";

interface BoundKey extends Binding {
  readonly path: readonly string[];
}

const BOUND: readonly BoundKey[] = keysOf(configSchema).flatMap(({ key, schema }) =>
  bindingsOf(schema).map((binding) => ({ ...binding, path: key.split(".") })),
);

/** The options of `table` that `config`, or the sections of one, gives; keys that are absent or null give none. */
export function optionsFrom<T extends OptionTable>(config: object, table: T): ValuesOf<T> {
  const options = BOUND.filter((bound) => bound.table === table).flatMap(({ path, name, toOption }) => {
    const value = valueAt(config, path);
    return value === undefined || value === null ? [] : [[name, toOption(value)]];
  });
  return Object.fromEntries(options) as ValuesOf<T>; // the schema has checked them
}
