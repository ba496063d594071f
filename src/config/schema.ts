/**
 * The configuration of a run, composed of the options of the modules. Keys follow the reference system's YAML files
 * (brain-go-brr v2, `src/brain_brr/config/schemas.py`), so that those load unchanged. Defaults, units, ranges and descriptions
 * are those of the modules; here stand the names and the places of the keys. A key that does nothing here, or nothing beside
 * other keys, says so where it is declared, by `noEffect` and `actsOnlyWith`.
 */
import { z } from "zod";
import { data, preprocessing } from "./data-sections.js";
import { model } from "./model-section.js";
import { evaluation, postprocessing } from "./result-sections.js";
import { experiment, logging, resources, training } from "./run-sections.js";

/** The whole configuration. */
export const configSchema = z.strictObject({
  data: data.prefault({}),
  preprocessing: preprocessing.prefault({}),
  model: model.prefault({}),
  postprocessing: postprocessing.prefault({}),
  training: training.prefault({}),
  evaluation: evaluation.prefault({}),
  experiment: experiment.prefault({}),
  logging: logging.prefault({}),
  resources: resources.prefault({}),
});

/** A checked configuration with every default filled in; keys as in the YAML files. */
export type Config = z.infer<typeof configSchema>;
