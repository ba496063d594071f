import assert from "node:assert/strict";
import { test } from "node:test";
import { limitRecordings } from "../../src/corpus/limit.js";

function recordings(counts: Record<string, number>) {
  return Object.entries(counts).flatMap(([split, count]) =>
    Array.from({ length: count }, (_, i) => ({ id: `${split}/${String(i).padStart(5, "0")}`, split })),
  );
}

function kept(counts: Record<string, number>, limit: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { split } of limitRecordings(recordings(counts), limit)) found[split] = (found[split] ?? 0) + 1;
  return found;
}

test("limitRecordings(recordings, limit) allocates in proportion and leaves no split empty", () => {
  assert.deepEqual(kept({ train: 4664, dev: 1832, eval: 865 }, 50), { train: 31, dev: 13, eval: 6 });
  assert.deepEqual(kept({ train: 100, dev: 1, eval: 1 }, 5), { train: 3, dev: 1, eval: 1 });
  for (let limit = 3; limit <= 30; limit++) {
    const found = kept({ train: 17, dev: 7, eval: 6 }, limit);
    assert.equal(
      Object.values(found).reduce((sum, count) => sum + count, 0),
      limit,
    );
    assert.equal(Object.keys(found).length, 3);
  }
});

test("limitRecordings(recordings, limit) prefers train to dev to eval when the limit is below the number of splits", () => {
  assert.deepEqual(kept({ eval: 5, dev: 5, train: 5 }, 1), { train: 1 });
  assert.deepEqual(kept({ eval: 5, dev: 5, train: 5 }, 2), { train: 1, dev: 1 });
});

test("limitRecordings(recordings, limit) chooses the first ids whatever the order of its input", () => {
  const all = recordings({ train: 6, dev: 3 });
  const expected = ["dev/00000", "train/00000", "train/00001"];
  assert.deepEqual(
    limitRecordings(all, 3).map(({ id }) => id),
    expected,
  );
  assert.deepEqual(
    limitRecordings([...all].reverse(), 3).map(({ id }) => id),
    expected,
  );
  assert.equal(limitRecordings(all, undefined).length, 9);
  assert.equal(limitRecordings(all, 99).length, 9);
  assert.throws(() => limitRecordings(all, 0), /invalid limit: 0/);
});
