/** `node check-child.js FOLDER WHEEL`: load the addon in a folder and check its gradients; prints one JSON line. */
import { openEagerExecutor } from "../eager-executor.js";
import { probeExecutor } from "../probe.js";
import { addonOf, loadTensorflow, TENSORFLOW_BACKEND } from "./backend.js";

const [dir = "", wheel = ""] = process.argv.slice(2);
const { version, usesGpu } = loadTensorflow(addonOf({ dir, wheel, version: "", usesGpu: false, key: "" }));
const probe = await probeExecutor(openEagerExecutor("tensorflow", TENSORFLOW_BACKEND));
process.stdout.write(`${JSON.stringify({ version, usesGpu, ...probe })}\n`);
