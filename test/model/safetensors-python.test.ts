import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "@ictal/base/canonical";
import { createDetector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { loadSafetensors, saveSafetensors } from "../../src/model/safetensors.js";
import { detectorValues, storedTensors } from "../../src/model/weights.js";

const python = process.env.ICTAL_TEST_PYTHON ?? "python3";

function skipped(): string | false {
  const { status } = spawnSync(python, ["-c", "import numpy, safetensors.numpy"]);
  return status === 0 ? false : `${python} has no safetensors; set ICTAL_TEST_PYTHON to one that has`;
}

/** Reads the first file with the package itself, tells every array, and writes all of them and a counter to the second. */
const SCRIPT = `
import hashlib, json, sys
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
found = load_file(sys.argv[1])
with safe_open(sys.argv[1], "np") as file:
    metadata = file.metadata()
tell = {k: [list(v.shape), str(v.dtype), hashlib.sha256(v.tobytes()).hexdigest()] for k, v in found.items()}
save_file({**found, "stem.bn.num_batches_tracked": np.array(7, np.int64)}, sys.argv[2], {"by": "python"})
print(json.dumps({"metadata": metadata, "tensors": tell}))
`;

test("the safetensors package reads what is written here, and what it writes is read here", {
  skip: skipped(),
}, async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-safetensors-"));
  context.after(() => rm(dir, { recursive: true }));
  const [written, returned] = [join(dir, "a.safetensors"), join(dir, "b.safetensors")];
  const detector = createDetector({ name: "unet", channels: [4, 6], inputChannels: 2 });
  const specs = [...detector.parameters, ...detector.buffers];
  const values = initialValues(specs, 3);
  await saveSafetensors(written, storedTensors(specs, values), { ictal: "ü" });
  const { status, stdout, stderr } = spawnSync(python, ["-c", SCRIPT, written, returned], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const { metadata, tensors } = JSON.parse(stdout) as {
    metadata: object;
    tensors: Record<string, [number[], string, string]>;
  };
  assert.deepEqual(metadata, { ictal: "ü" });
  assert.deepEqual(Object.keys(tensors).sort(), specs.map(({ name }) => name).sort());
  for (const { name, shape } of specs) {
    const array = values[name]!;
    const hash = sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    assert.deepEqual(tensors[name], [shape, "float32", hash]);
  }
  const file = await loadSafetensors(returned);
  assert.deepEqual({ ...file.otherTypes }, { "stem.bn.num_batches_tracked": "I64" });
  assert.deepEqual(detectorValues(detector, file, returned), values);
});
