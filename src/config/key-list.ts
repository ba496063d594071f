/** Every key of the configuration with what there is to say about it, for documents and for `ictal config show`. */
import { valueAt } from "@ictal/base/records";
import { z } from "zod";
import { jsonSchemaOf } from "./json-schema.js";
import type { ConfigOrigin, LoadedConfig } from "./load-config.js";
import { configSchema } from "./schema.js";
import { conditionsOf, type KeyCondition, keysOf, layersOf, objectWithin } from "./without-effect.js";

/** A key, or a section. */
export interface KeyEntry {
  /** E.g. `training.epochs`. */
  readonly key: string;
  readonly isSection: boolean;
  /** One sentence. */
  readonly description: string;
  readonly unit: string | undefined;
  /** What stands in for a key that is not given; undefined where nothing does. */
  readonly default: unknown;
  /** What it may be, in words. */
  readonly allowed: string;
  readonly conditions: readonly KeyCondition[];
}

type JsonNode = Readonly<Record<string, unknown>>;

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function numberInWords(node: JsonNode): string {
  const kind = node.type === "integer" ? "whole number" : "number";
  const isOdd = valueAt(node, ["not", "multipleOf"]) === 2;
  const bounds = [
    ["minimum", ">="],
    ["exclusiveMinimum", ">"],
    ["maximum", "<="],
    ["exclusiveMaximum", "<"],
  ].flatMap(([name = "", sign]) => (node[name] === undefined ? [] : [`${sign} ${node[name]}`]));
  return [isOdd ? `odd ${kind}` : kind, bounds.join(", ")].join(" ").trim();
}

/** What a value may be, in words, from its JSON Schema. */
function allowedInWords(node: JsonNode): string {
  if (Array.isArray(node.enum)) return node.enum.map(shown).join(", ");
  if ("const" in node) return shown(node.const);
  if (Array.isArray(node.anyOf)) return node.anyOf.map(allowedInWords).join(" or ");
  if (Array.isArray(node.prefixItems)) return `[${node.prefixItems.map(allowedInWords).join(", ")}]`;
  if (node.type === "array") return `list of: ${allowedInWords(Object(node.items))}`;
  if (node.type === "boolean") return "true, false";
  if (node.type === "string") return "text";
  if (node.type === "null") return "null";
  return node.type === "number" || node.type === "integer" ? numberInWords(node) : "";
}

function defaultOf(layers: readonly z.ZodType[], meta: JsonNode): unknown {
  const filled = layers.find((layer) => layer instanceof z.ZodDefault);
  return filled ? filled.parse(undefined) : meta.default;
}

/** Every key of the schema, sections before their keys, in the order of the schema. */
export function listKeys(): KeyEntry[] {
  return keysOf(configSchema).map(({ key, schema }) => {
    const layers = layersOf(schema);
    const meta: JsonNode = Object.assign({}, ...layers.map((layer) => layer.meta()).reverse());
    const isSection = objectWithin(schema) !== undefined;
    return {
      key,
      isSection,
      description: String(meta.description ?? ""),
      unit: meta.unit === undefined ? undefined : String(meta.unit),
      default: isSection ? undefined : defaultOf(layers, meta),
      allowed: isSection ? "" : allowedInWords(jsonSchemaOf(schema)),
      conditions: conditionsOf(schema),
    };
  });
}

/** A key of a configuration with its value. */
export interface ConfigValue {
  readonly key: string;
  /** null where there is none. */
  readonly value: unknown;
  /** null where there is none. */
  readonly default: unknown;
  readonly origin: ConfigOrigin;
  /** null where it counts nothing. */
  readonly unit: string | null;
  readonly description: string;
}

/** Every key with its value in `loaded`, sections aside. */
export function configValues({ config, originOf }: LoadedConfig): ConfigValue[] {
  return listKeys()
    .filter(({ isSection }) => !isSection)
    .map(({ key, unit, description, default: usual }) => ({
      key,
      value: valueAt(config, key.split(".")) ?? usual ?? null,
      default: usual ?? null,
      origin: originOf(key),
      unit: unit ?? null,
      description,
    }));
}
