import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../../src/base/random.js";
import { writeCsv, writeCsvBi } from "../../src/recording/annotation-write.js";
import { checkAnnotationFiles } from "../../src/recording/check-annotation-files.js";

/* Annotation check of a corpus the size of TUSZ: 7,500 recordings with a csv of 22 channels and a csv_bi each. */

const RECORDINGS = 7500;
const ROUNDS = 3;
const random = createRandom(1, "annotations bench");

const root = await mkdtemp(join(tmpdir(), "ictal-bench-"));
try {
  for (let i = 0; i < RECORDINGS; i++) {
    const folder = join(root, `p${i % 600}`);
    await mkdir(folder, { recursive: true });
    const start = 20 + random.uniform(i) * 500;
    const seizure = { startSeconds: start, endSeconds: start + 60, label: "fnsz", confidence: 1 };
    const background = (from: number, to: number) => ({
      ...seizure,
      startSeconds: from,
      endSeconds: to,
      label: "bckg",
    });
    const rows = [background(0, start), seizure, background(start + 60, 700)];
    const spec = { durationSeconds: 700, recordingName: `r${i}` };
    const channels = Array.from({ length: 22 }, (_, c) => `C${c}-C${c + 1}`);
    const events = channels.flatMap((channel) => rows.map((row) => ({ ...row, channel })));
    await writeFile(join(folder, `r${i}.csv`), writeCsv({ ...spec, events }));
    await writeFile(join(folder, `r${i}.csv_bi`), writeCsvBi({ ...spec, events: rows }));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const { files, seizureCount, findings } = await checkAnnotationFiles(root);
    const seconds = (performance.now() - started) / 1000;
    console.log(`${files} files, ${seizureCount} seizures, ${findings.length} findings: ${seconds.toFixed(2)} s`);
  }
} finally {
  await rm(root, { recursive: true });
}
