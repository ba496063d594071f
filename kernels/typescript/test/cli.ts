// The two verb families as a program of their own, for tests that need signals.
import { runVerbs } from "./run-verbs.js";

if (process.argv.length > 2) await runVerbs(process.argv.slice(2)); // a test runner that takes it for a test gives no words
