import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import { onAbort } from "@ictal/base/on-abort";
import { notify, printable, printableAll, printableLines } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { isFileForFolder, readFault } from "@ictal/base/read-fault";
import { type Command, InvalidArgumentError } from "commander";
import { shellQuote } from "../cluster/shell-quote.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { folderStore } from "../store/folder-store.js";
import { openStore, parseS3Url } from "../store/open-store.js";
import { type PullReport, pullObjects } from "../store/pull.js";
import { type S3Server, startS3Server } from "../store/server/s3-server.js";
import { watched } from "./watched.js";

interface ServeOptions {
  port: number;
  bucket: string;
  accessKey?: string | undefined;
  secretKey?: string | undefined;
  anonymous?: boolean | undefined;
  json?: boolean | undefined;
}

interface PullFlags {
  endpoint?: string;
  region?: string;
  profile?: string;
  anonymous?: boolean;
  requesterPays?: boolean;
  only?: string[];
  split?: string[];
  patients?: string;
  limit?: number;
  concurrency: number;
  delete?: boolean;
  json?: boolean;
}

/** Adds `s3 serve DIR` and `s3 pull URL DIR`. */
export function addS3Command(program: Command): void {
  const s3 = program.command("s3").description("serve a folder as an S3 bucket, or download a bucket into a folder");
  s3.command("serve")
    .description("serve a folder as a read-only S3 bucket on 127.0.0.1 until interrupted")
    .argument("<dir>", "folder whose files are the objects")
    .option("--port <n>", "port; 0 selects a free one", parseCount(0, 65535), 0)
    .option("--bucket <name>", "name of the bucket", "corpus")
    .option("--access-key <id>", "access key id (default: ictal)")
    .option("--secret-key <secret>", "secret access key (default: random, printed)")
    .option("--anonymous", "also answer unsigned requests")
    .option("--json", "print endpoint, bucket and keys as one JSON document")
    .action(action(serve));
  s3.command("pull")
    .description("download objects into a folder: parallel, verified, resumable; nothing is deleted by default")
    .argument("<url>", "s3://bucket/prefix")
    .argument("<dir>", "local folder")
    .option(
      "--endpoint <url>",
      "address of an S3-compatible service (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS)",
    )
    .option("--region <name>", "region of the bucket (default: AWS_REGION, the profile's)")
    .option("--profile <name>", "profile of the shared AWS configuration (default: AWS_PROFILE)")
    .option("--anonymous", "send unsigned requests, for public buckets")
    .option("--requester-pays", "agree to pay for requests and transfer")
    .option("--only <extensions>", "only these file extensions, comma-separated, e.g. edf,csv_bi", commaList)
    .option(
      "--split <names>",
      "only these splits, comma-separated: folder names in the keys, e.g. train,dev",
      commaList,
    )
    .option("--patients <file>", "only the patients listed in this file, one id per line")
    .option("--limit <n>", "only the first n recordings, each with its annotation files", parseCount(1))
    .option(
      "--delete",
      "after a download without failures, delete local files that were downloaded from this bucket and prefix and that it no longer has",
    )
    .option("--concurrency <n>", "concurrent downloads", parseCount(1, 128), 16)
    .option("--json", "print the report as one JSON document")
    .action(action(watched("s3 pull", runPull)));
}

function commaList(text: string): string[] {
  const names = text.split(",").flatMap((name) => name.trim() || []);
  if (names.length === 0) throw new InvalidArgumentError("Expected one or more names, separated by commas.");
  return names;
}

async function serve(dir: string, options: ServeOptions): Promise<Outcome> {
  const { port, bucket, accessKey, secretKey } = options;
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    throw new UsageError("only one of --access-key and --secret-key is given; expected both or neither");
  }
  await folderStore(dir).stat("-"); // a missing folder is reported before the port is opened
  const server = await startS3Server({
    root: dir,
    bucket,
    port,
    ...(accessKey !== undefined && { accessKeyId: accessKey }),
    ...(secretKey !== undefined && { secretAccessKey: secretKey }),
    ...(options.anonymous && { allowAnonymous: true }),
  }).catch((error) => {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ endpoint, bucket, port: server.port, accessKeyId, secretAccessKey }, null, 2)}\n`
      : printableLines(serveText(printable(dir), server)),
  );
  await withInterrupt("stopped", (signal) => new Promise<void>((done) => onAbort(signal, done)));
  await server.close();
  notify("ictal: stopped");
  process.exit(0); // what had to be printed is printed; idle connections of clients must not hold the process
}

function serveText(dir: string, { endpoint, bucket, accessKeyId, secretAccessKey }: S3Server): string {
  return [
    `serving ${dir} as s3://${bucket} at ${endpoint} (read-only, this machine only; Ctrl-C stops)`,
    "",
    `export AWS_ENDPOINT_URL=${endpoint}`,
    `export AWS_ACCESS_KEY_ID=${shellQuote(accessKeyId)}`,
    `export AWS_SECRET_ACCESS_KEY=${shellQuote(secretAccessKey)}`,
    "export AWS_REGION=us-east-1",
    "",
    `then, for example: ictal s3 pull s3://${bucket} copy`,
    "",
  ].join("\n");
}

/** Throws where a file stands in the place of the folder, before anything is asked of a server. */
async function refuseFile(dir: string): Promise<void> {
  const found = await stat(dir).catch((error: unknown) => (isFileForFolder(error) ? "below a file" : undefined));
  if (found === undefined || (found !== "below a file" && found.isDirectory())) return;
  throw new UsageError(`${dir} cannot be a folder, since a file is there; give another folder`);
}

async function runPull(watch: RunWatch, url: string, dir: string, flags: PullFlags): Promise<Outcome> {
  const { endpoint, region, profile, anonymous, requesterPays, only, split, limit, concurrency } = flags;
  if (flags.delete && limit !== undefined) {
    throw new UsageError(
      "--delete and --limit cannot be combined: removed objects cannot be distinguished from objects beyond the limit; give one of them",
    );
  }
  const patients = flags.patients === undefined ? undefined : await readPatients(flags.patients);
  asUsage(() => parseS3Url(url)); // a folder is no bucket
  const store = asUsage(() =>
    openStore(url, {
      maxConnections: concurrency + 16,
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      ...(profile !== undefined && { profile }),
      ...(anonymous && { anonymous }),
      ...(requesterPays && { requesterPays }),
    }),
  );
  await refuseFile(dir);
  await watch.begin(basename(resolve(dir)));
  try {
    const report = await withInterrupt("run it again to resume", (signal) =>
      pullObjects(store, dir, {
        concurrency,
        signal,
        progress: watch.follow(createProgress()),
        ...(only && { only }),
        ...(split && { splits: split }),
        ...(patients && { patients }),
        ...(limit !== undefined && { limit }),
        ...(flags.delete && { deleteRemoved: true }),
      }),
    );
    return {
      json: report,
      text: reportText(printableAll(report), printable(dir)),
      exitCode: report.failed.length + report.refused.length > 0 ? 1 : 0,
    };
  } finally {
    await store.close?.();
  }
}

function asUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** Patient ids, one per line; blank lines and comments after "#" are ignored. */
async function readPatients(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const why = readFault(error) ?? String(error);
    throw new UsageError(`--patients ${path} cannot be read: ${why}; expected a file with one id per line`);
  });
  const ids = text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  if (ids.length === 0) throw new UsageError(`--patients ${path}: the file contains no ids; expected one per line`);
  return ids;
}

const LINES_SHOWN = 20;

function reportText(report: PullReport, dir: string): string {
  const { objects, downloaded, skipped, bytes, refused, failed, unmatched, gone, deleted, kept, seconds } = report;
  const rate = seconds > 0 && bytes > 0 ? `, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s` : "";
  const show = (title: string, items: readonly { key: string; reason: string }[]) => {
    if (items.length === 0) return [];
    const lines = items.slice(0, LINES_SHOWN).map(({ key, reason }) => `  "${key}": ${reason}`);
    const more = items.length > LINES_SHOWN ? [`  and ${items.length - LINES_SHOWN} more (--json lists all)`] : [];
    return [`${items.length} ${title}:`, ...lines, ...more];
  };
  return [
    `${objects} objects: ${downloaded} downloaded (${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s${rate}), ${skipped} present already, in ${dir}`,
    ...(unmatched.length > 0 ? [`no object matches: ${unmatched.join(", ")}`] : []),
    ...(deleted.length > 0 ? [`${deleted.length} files deleted that the bucket no longer has`] : []),
    ...(gone.length > deleted.length + kept.length ? [goneText(gone)] : []),
    ...show("no longer in the bucket, not deleted", kept),
    ...show("refused, because their keys cannot be files below the folder", refused),
    ...show("failed; run the command again to retry them", failed),
  ].join("\n");
}

function goneText(gone: readonly string[]): string {
  const names = gone.slice(0, 5).map((key) => `"${key}"`);
  const more = gone.length > names.length ? ` and ${gone.length - names.length} more` : "";
  return `${gone.length} local files are no longer in the bucket (--delete removes them): ${names.join(", ")}${more}`;
}
