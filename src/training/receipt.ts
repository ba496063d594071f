import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { escapeHtml } from "@ictal/base/html";
import { packageDir, projectDir, projectRelative } from "../base/project.js";

/** What identifies a run and its results. Times are excluded, so that equal runs give equal receipts except for `versions`. */
export interface ReceiptFields {
  readonly seed: number;
  readonly configHash: string;
  readonly corpusFingerprint: string;
  readonly cacheKey: string;
  readonly executor: string;
  /** Numbers worth comparing between runs, e.g. `{ devAuroc: 0.97 }`; NaN is stored as null (n/a). */
  readonly metrics: Readonly<Record<string, number>>;
  /** Hashes of further results, e.g. of the checkpoint and the predictions. */
  readonly results: Readonly<Record<string, string>>;
  /** Recordings whose cache was built in this run; 0 when all were found. */
  readonly rebuiltRecordings: number;
  /** Related files, by name; inside the project they are stored relative to it. */
  readonly artefacts?: Readonly<Record<string, string>> | undefined;
}

export interface Receipt extends Omit<ReceiptFields, "metrics"> {
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Hash of seed, configuration, corpus, cache key, executor, metrics and results. */
  readonly digest: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Short commit of the project, "+changes" when files differ from it; "unknown" outside a checkout. */
  readonly commit: string;
}

/** Short commit hash of the project's checkout. */
export function projectCommit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", projectDir, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const commit = git("rev-parse", "--short=10", "HEAD");
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "configs", "package-lock.json");
    return changed === "" ? commit : `${commit}+changes`;
  } catch {
    return "unknown"; // no git, or not a checkout
  }
}

/** Node's version and the exact version of every direct dependency. */
export function packageVersions(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as {
    version: string;
    dependencies: Record<string, string>;
  }; // our own package.json
  return { node: process.versions.node, ictal: manifest.version, ...manifest.dependencies };
}

/** The receipt of a run, with digest, versions and commit; displayed as a table in a notebook. RangeError for an infinite metric. */
export function createReceipt(fields: ReceiptFields): Receipt {
  const metrics = Object.fromEntries(
    Object.entries(fields.metrics).map(([name, value]) => {
      if (Math.abs(value) === Infinity) throw new RangeError(`invalid metrics.${name}: ${value}`); // no n/a
      return [name, Number.isNaN(value) ? null : value];
    }),
  );
  const { seed, configHash, corpusFingerprint, cacheKey, executor, results } = fields;
  const digest = hashOf({ seed, configHash, corpusFingerprint, cacheKey, executor, metrics, results }, 16);
  const artefacts = Object.fromEntries(
    Object.entries(fields.artefacts ?? {}).map(([name, path]) => [name, projectRelative(path)]),
  );
  const receipt: Receipt = {
    ...fields,
    artefacts,
    metrics,
    digest,
    versions: packageVersions(),
    commit: projectCommit(),
  };
  const bundle = () => ({
    "application/vnd.ictal.receipt+json": JSON.parse(canonicalJson(receipt)) as unknown,
    "text/html": receiptHtml(receipt),
    "text/plain": receiptText(receipt),
  });
  return Object.defineProperty(receipt, Symbol.for("Jupyter.display"), { value: bundle });
}

function receiptRows(receipt: Receipt): [string, string][] {
  const number = (value: number | null) => (value === null ? "n/a" : String(Math.round(value * 10_000) / 10_000));
  return [
    ["digest", receipt.digest],
    ["seed", String(receipt.seed)],
    ["configuration", receipt.configHash],
    ["corpus", receipt.corpusFingerprint],
    ["cache", `${receipt.cacheKey} (${receipt.rebuiltRecordings} recordings built in this run)`],
    ["executor", receipt.executor],
    ...Object.entries(receipt.metrics).map(([name, value]): [string, string] => [name, number(value)]),
    ...Object.entries(receipt.results).map(([name, hash]): [string, string] => [name, hash]),
    ...Object.entries(receipt.artefacts ?? {}).map(([name, path]): [string, string] => [name, path]),
    ["commit", receipt.commit],
    [
      "versions",
      Object.entries(receipt.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ],
  ];
}

function receiptText(receipt: Receipt): string {
  return receiptRows(receipt)
    .map(([name, value]) => `${name.padEnd(16)} ${value}`)
    .join("\n");
}

/** Hashes wrap in a narrow column, so that they can be copied; Jupyter's own style would clip them. */
const VALUE_STYLE = "text-align:left;overflow-wrap:anywhere";

function receiptHtml(receipt: Receipt): string {
  const rows = receiptRows(receipt).map(
    ([name, value]) =>
      `<tr><th style="text-align:left;white-space:nowrap">${escapeHtml(name)}</th><td style="${VALUE_STYLE}">${escapeHtml(value)}</td></tr>`,
  );
  return `<table class="ictal-receipt"><caption>Receipt</caption>${rows.join("")}</table>`;
}
