import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCorpus } from "../../src/corpus/check.js";
import { findDuplicates } from "../../src/corpus/duplicates.js";
import { summarizeFindings } from "../../src/corpus/finding-summary.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { Store } from "../../src/store/store.js";
import { patternBytes } from "../store/s3-fixture.js";

/** Objects without content tags, as a folder has them, and the ranges that were read of each. */
function counted(objects: Record<string, Uint8Array>, etags: Record<string, string> = {}) {
  const reads: string[] = [];
  const inner = memoryStore(objects);
  const store: Store = {
    ...inner,
    open: undefined as never,
    async read(key, { range } = {}) {
      reads.push(`${key} ${range ? `${range.start}-${range.end}` : "whole"}`);
      return inner.read(key, range ? { range } : {});
    },
  };
  const recordings = Object.entries(objects).map(([key, bytes]) => ({
    ...{ id: key, edfKey: key, edfSize: bytes.byteLength },
    ...(etags[key] ? { edfEtag: etags[key] } : {}),
  }));
  return { store, recordings, reads };
}

const keys = (groups: { edfKey: string }[][]) => groups.map((group) => group.map(({ edfKey }) => edfKey));

test("findDuplicates groups equal bytes, and reads whole only what agrees in size and in its first 16 KiB", async () => {
  const size = 40_000;
  const late = patternBytes(size);
  late[size - 1]! ^= 1;
  const { store, recordings, reads } = counted({
    a: patternBytes(size),
    b: patternBytes(size, 2),
    c: patternBytes(size),
    d: late,
    e: patternBytes(size + 1),
  });
  assert.deepEqual(keys(await findDuplicates(store, recordings)), [["a", "c"]]);
  const whole = reads.filter((read) => !read.includes("184-16384"));
  assert.deepEqual([...new Set(whole.map((read) => read[0]))].sort(), ["a", "c", "d"]);
  assert.ok(!reads.some((read) => read.startsWith("e")));
});

test("findDuplicates finds a copy whose patient, recording and start were changed, and no other", async () => {
  const renamed = patternBytes(1000).fill(0x58, 8, 184);
  const rescaled = patternBytes(1000).fill(0x58, 8, 185);
  const { store, recordings } = counted({ a: patternBytes(1000), b: renamed, c: rescaled });
  assert.deepEqual(keys(await findDuplicates(store, recordings)), [["a", "b"]]);
});

test("findDuplicates reads nothing where every ETag is an MD5, and no whole object where multipart ETags agree", async () => {
  const bytes = { a: patternBytes(100), b: patternBytes(100), c: patternBytes(100, 3) };
  const [md5, other] = ["0".repeat(32), "1".repeat(32)];
  const tagged = counted(bytes, { a: md5, b: md5, c: other });
  assert.deepEqual(keys(await findDuplicates(tagged.store, tagged.recordings)), [["a", "b"]]);
  assert.deepEqual(tagged.reads, []);
});

test("checkCorpus finds recordings with the same bytes in a folder, which has no content ETags", async () => {
  const edf = encodeEdf({
    kind: "EDF",
    recordDurationSeconds: 1,
    signals: [{ label: "C3", physicalMin: -1, physicalMax: 1, samplesPerRecord: 2, samples: new Int16Array(8) }],
  });
  const key = (split: string, patient: string) =>
    `edf/${split}/${patient}/s001_2000/01_tcp_ar/${patient}_s001_t000.edf`;
  const [first, second] = [key("dev", "aaaaaaab"), key("train", "aaaaaaaa")];
  const { findings } = await checkCorpus(memoryStore({ [first]: edf, [second]: edf.slice() }));
  const found = findings.filter(({ code }) => code === "duplicate-content");
  assert.equal(found.length, 1);
  assert.equal(found[0]!.file, first);
  assert.ok(found[0]!.message.includes(second));
});

test("summarizeFindings counts each kind once, errors first", () => {
  const finding = (severity: "error" | "warning", code: "overlap" | "reversed", line?: number) => ({
    ...{ file: "x.csv", severity, code, message: `found ${code}`, action: "look" },
    ...(line === undefined ? {} : { line }),
  });
  const summary = summarizeFindings([
    finding("warning", "overlap", 4),
    finding("warning", "overlap", 9),
    finding("error", "reversed"),
  ]);
  assert.deepEqual(
    summary.map(({ code, count, first }) => [code, count, first]),
    [
      ["reversed", 1, "x.csv"],
      ["overlap", 2, "x.csv:4"],
    ],
  );
});
