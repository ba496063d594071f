/** The configuration as a JSON Schema, for editors that complete and check YAML files. */
import { z } from "zod";
import { configSchema } from "./schema.js";

/** zod writes the bounds of whole numbers out, which say nothing to a reader. */
function withoutSafeBounds({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** The JSON Schema (draft 2020-12) of what may be given for `schema`. */
export function jsonSchemaOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
    unrepresentable: "any",
    override: withoutSafeBounds,
  });
  return rest;
}

/** The JSON Schema of a configuration file, as `configs/schema.json` holds it. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of Ictal",
    ...jsonSchemaOf(configSchema),
  };
}

/** The text of `configs/schema.json`. */
export function configSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
