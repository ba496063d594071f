import assert from "node:assert/strict";
import { test } from "node:test";
import { withSha256 } from "../../src/cache/hashing-source.js";
import { entrySource } from "../../src/corpus/entry-source.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { memoryStore } from "../../src/store/memory-store.js";

test("a recording of a store is read in requests of about 2 MiB, hashed or not", async () => {
  const samples = new Int16Array(2_500_000);
  const signal = { label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 250, samples };
  const bytes = encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals: [signal] });
  const store = memoryStore({ "p_s_t000.edf": bytes });
  const asked: number[] = [];
  const counting = {
    ...store,
    read: (key: string, options: Parameters<typeof store.read>[1] = {}) => {
      asked.push(options.range!.end - options.range!.start);
      return store.read(key, options);
    },
  };
  const entry = { edfKey: "p_s_t000.edf", edfSize: bytes.length } as Parameters<typeof entrySource>[1]; // all that is read
  for (const source of [entrySource(counting, entry), withSha256(entrySource(counting, entry))]) {
    const header = await readEdfHeader(source);
    asked.length = 0;
    let count = 0;
    for await (const { samples: found } of readEdfBlocks(source, header, { signals: [0] })) count += found[0]!.length;
    assert.equal(count, samples.length);
    assert.deepEqual(asked, [2_097_000, 2_097_000, 806_000]);
  }
});
