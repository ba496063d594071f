import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { describeError } from "@ictal/base/action";
import { FormatError, NotFoundError, StoreError } from "@ictal/base/errors";
import { createProgress } from "@ictal/base/progress";
import { Command } from "commander";
import { addAnnotationsCommand } from "../../src/cli/annotations.js";
import { addCacheCommand } from "../../src/cli/cache.js";
import { addCorpusCommand } from "../../src/cli/corpus.js";
import { addEdfCommand } from "../../src/cli/edf.js";
import { addReviewCommand } from "../../src/cli/review.js";
import { addS3Command } from "../../src/cli/s3.js";
import { addScoreCommand } from "../../src/cli/score.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";

/** A window title, a cleared screen, a line of its own, a text shown backwards. */
const EVIL = "p\x1b]0;t\x07\x1b[2J\r\nFORGED\u202e\x9b\u2028";
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come out
const STEERING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]|^FORGED/m;

/** Runs a verb in this process; what it prints for people, and its exit code. */
async function verb(...words: string[]): Promise<{ text: string; code: number }> {
  const program = new Command("ictal").enablePositionalOptions();
  for (const add of [
    addAnnotationsCommand,
    addCacheCommand,
    addCorpusCommand,
    addEdfCommand,
    addReviewCommand,
    addS3Command,
    addScoreCommand,
  ])
    add(program);
  const printed: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  for (const [i, stream] of streams.entries())
    stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
      if (typeof chunk !== "string") return writes[i]!.call(stream, chunk, ...rest); // the runner's own reports
      printed.push(chunk);
      return true;
    }) as typeof stream.write; // its overloads take the same arguments
  try {
    await program.parseAsync(words, { from: "user" });
  } finally {
    for (const [i, stream] of streams.entries()) stream.write = writes[i]!;
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { text: printed.join(""), code };
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "ictal-foreign-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const recording = () => {
  const bytes = Buffer.from(
    encodeEdf({
      kind: "EDF",
      recordDurationSeconds: 1,
      signals: ["LABEL--ONE", "EEG FP1-REF"].map((label) => ({
        ...{ label, physicalMin: -100, physicalMax: 100, samplesPerRecord: 100, samples: new Int16Array(3000) },
      })),
    }),
  );
  bytes.write("L\x1b[2J\x9b\r\n\x07E", 256, "latin1");
  return bytes;
};

/** A corpus whose folders, files and labels hold what steers a terminal. */
async function corpus(t: TestContext): Promise<string> {
  const root = await folder(t);
  for (const patient of [EVIL, "aaaaaaab"]) {
    const dir = join(root, "edf", "train", patient, "s001_2003", "01_tcp_ar");
    await mkdir(dir, { recursive: true });
    const stem = join(dir, `${patient}_s001_t000`);
    await writeFile(`${stem}.edf`, patient === EVIL ? "" : recording());
    await writeFile(
      `${stem}.csv_bi`,
      `# duration = 30 secs\nchannel,start_time,stop_time,label,confidence\nTERM,0,1,${"s\x1b[2J\x9b\u202e"},1\n`,
    );
    await writeFile(join(dir, `${EVIL}.edf`), recording());
  }
  return root;
}

test("no verb lets names of files, patients and labels steer the terminal", async (t) => {
  const root = await corpus(t);
  const edf = join(root, "edf", "train", "aaaaaaab", "s001_2003", "01_tcp_ar", `${EVIL}.edf`);
  const out = join(await folder(t), EVIL);
  const runs: [string[], RegExp][] = [
    [["corpus", "check", root], /FORGED/],
    [["cache", "build", "--data-dir", root, "--cache-dir", out, "--workers", "0"], /FORGED/],
    [["cache", "verify", out], /0 bad/],
    [["cache", "gc", out], /./],
    [["annotations", "check", root], /FORGED.*unknown-label/],
    [["edf", "info", edf], /L\\x1b\[2J\\x9b/],
    [["edf", "info", join(root, EVIL)], /FORGED/],
    [["edf", "deidentify", edf, join(out, "copy.edf")], /FORGED/],
    [["score", "--ref", root, "--hyp", root], /FORGED|\\x1b/],
    [["score", "--ref", join(root, EVIL), "--hyp", root], /FORGED/],
    [["review", "--data-dir", root, "--out", out, "--split", "all"], /FORGED/],
    [["review", "--data-dir", root, "--out", out, "--recording", EVIL], /FORGED/],
    [["s3", "pull", `s3://b/${EVIL}`, out, "--endpoint", "http://127.0.0.1:1", "--anonymous"], /./],
  ];
  for (const [words, expected] of runs) {
    const { text } = await verb(...words);
    assert.match(text, expected, words.slice(0, 2).join(" "));
    assert.doesNotMatch(text, STEERING, `${words.slice(0, 2).join(" ")}: ${JSON.stringify(text)}`);
  }
  for (const words of [
    ["corpus", "check", root, "--json"],
    ["edf", "info", edf, "--json"],
  ]) {
    const { text } = await verb(...words);
    assert.doesNotMatch(text, STEERING);
    assert.ok(JSON.parse(text.slice(text.indexOf("{\n"))));
  }
});

test("keys and messages of a server cannot steer the terminal of s3 pull", async (t) => {
  const xmlEvil = "p&#27;]0;t&#7;\u202e\u009b&#13;&#10;FORGED";
  const server = createServer((request, response) => {
    const url = new URL(request.url!, "http://x");
    if (url.searchParams.has("list-type")) {
      const contents = ["sound.edf", `${xmlEvil}.edf`].map(
        (key) => `<Contents><Key>${key}</Key><Size>3</Size><ETag>"900150983cd24fb0d6963f7d28e17f72"</ETag></Contents>`,
      );
      response.end(
        `<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`,
      );
    } else {
      response.statusCode = 403;
      response.end(`<Error><Code>No${xmlEvil}</Code><Message>m${xmlEvil}</Message></Error>`);
    }
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((done) => server.once("listening", done));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { text, code } = await verb("s3", "pull", "s3://b/", await folder(t), "--endpoint", endpoint, "--anonymous");
  assert.equal(code, 1, text);
  assert.match(text, /FORGED/);
  assert.doesNotMatch(text, STEERING, JSON.stringify(text));
});

test("an error's file, key and message are shown as text, whatever they hold", () => {
  for (const error of [
    new FormatError("broken", { file: EVIL, line: 3 }),
    new NotFoundError(`no file at ${EVIL}`, EVIL),
    new StoreError(`${EVIL} failed`, { key: EVIL }),
    Object.assign(new Error(`ENOENT: no such file, open '${EVIL}'`), { path: EVIL }),
    new TypeError(EVIL),
    EVIL,
  ])
    assert.doesNotMatch(describeError(error), STEERING);
  const isFolder = Object.assign(new Error("EISDIR: rename"), { code: "EISDIR", path: "x.tmp-1", dest: "x" });
  assert.equal(describeError(isFolder), "x is a folder; give a file");
  const isFile = Object.assign(new Error("EEXIST: mkdir"), { code: "EEXIST", syscall: "mkdir", path: "x.md" });
  assert.match(describeError(isFile), /^x\.md cannot be a folder, since a file of that name is there/);
  assert.equal(describeError(new TypeError("first\nsecond\n  third")), "TypeError: first\n  second\n  third");
});

test("progress shows its label and note as one line", () => {
  const printed: string[] = [];
  const stream = { write: (text: string) => printed.push(text), isTTY: true };
  const progress = createProgress({ stream, intervalMilliseconds: 0 });
  progress.update({ label: EVIL, done: 1, total: 2, unit: "recordings", note: EVIL });
  progress.finish();
  assert.doesNotMatch(printed.join("").replace(/^\r|\r(?=p)/g, ""), STEERING);
});
