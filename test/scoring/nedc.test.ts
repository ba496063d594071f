import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { complementIntervals, type Interval } from "../../src/base/events.js";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import { seizureEvents } from "../../src/recording/seizures.js";
import type { NedcCounts } from "../../src/scoring/nedc/counts.js";
import { alignLabels, labelSequence } from "../../src/scoring/nedc/dpalign.js";
import { epochCounts, epochTable } from "../../src/scoring/nedc/epoch.js";
import { scoreOverlap } from "../../src/scoring/nedc/overlap.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { scoreTaes } from "../../src/scoring/nedc/taes.js";

const shared = new URL("../../../../shared/data/scoring/", import.meta.url);

/** One label's table as the tool printed it: counts with 2 decimals, percentages and rates with 4. */
type Printed = Readonly<Record<string, number>>;
type Label = "SEIZ" | "BCKG";
interface Case {
  readonly duration: number;
  readonly ref: [number, number][];
  readonly hyp: [number, number][];
  readonly results: Readonly<
    Record<"OVERLAP" | "TAES" | "EPOCH" | "DP ALIGNMENT", Record<Label, Printed>> &
      Record<"INTER-RATER AGREEMENT", { raw: string[] }>
  >;
}

const COLUMNS = [
  ["Targets", "targets"],
  ["Hits", "hits"],
  ["Misses", "misses"],
  ["False Alarms", "falseAlarms"],
] as const;

/** A value printed with `decimals` digits lies within half a unit of the last one; binary ties may fall either way. */
function assertPrinted(value: number, printed: number, decimals: number, what: string): void {
  const half = 0.5 * 10 ** -decimals;
  assert.ok(Math.abs(value - printed) <= half * (1 + 1e-9), `${what}: ${value} is printed as ${printed}`);
}

function assertCounts(found: NedcCounts, printed: Printed, what: string, columns: readonly string[] = []): void {
  for (const [column, field] of COLUMNS) {
    if (columns.length > 0 && !columns.includes(field)) continue;
    assertPrinted(found[field], printed[column]!, 2, `${what} ${column}`);
  }
}

const intervals = (pairs: readonly [number, number][]): Interval[] =>
  pairs.map(([startSeconds, endSeconds]) => ({ startSeconds, endSeconds }));

if (!existsSync(shared)) {
  test("NEDC vectors", { skip: "shared/data/scoring is not beside the project" }, () => {});
} else {
  const { cases } = JSON.parse(readFileSync(new URL("nedc-vectors.json", shared), "utf8")) as {
    cases: Record<string, Case>;
  };
  for (const [name, { duration, ref, hyp, results }] of Object.entries(cases)) {
    const pair = { id: name, durationSeconds: duration, reference: intervals(ref), hypothesis: intervals(hyp) };

    test(`scoreNedc's seizure counts and rates print as the tool's: ${name}`, () => {
      const scores = scoreNedc([pair]).perRecording[name]!;
      const tables = [
        ["ovlp", "OVERLAP"],
        ["taes", "TAES"],
        ["epoch", "EPOCH"],
        ["dpalign", "DP ALIGNMENT"],
      ] as const;
      for (const [scorer, table] of tables) {
        const found = scores[scorer];
        const printed = results[table].SEIZ;
        assertCounts(found, printed, scorer);
        const sensitivity = Number.isNaN(found.sensitivity) ? 0 : found.sensitivity; // the tool prints 0 for no targets
        assertPrinted(100 * sensitivity, printed["Sensitivity (TPR, Recall)"]!, 4, `${scorer} sensitivity`);
        assertPrinted(found.falseAlarmsPer24h, printed["False Alarm Rate"]!, 4, `${scorer} rate`);
      }
      const kappa = results["INTER-RATER AGREEMENT"].raw.find((line) => line.startsWith("Label: seiz"));
      assertPrinted(scores.ira.kappa, Number(/Kappa:\s*(\S+)/.exec(kappa!)![1]), 4, "kappa");
    });

    test(`the rules give the tool's counts for the background label too: ${name}`, () => {
      const refGaps = complementIntervals(pair.reference, duration);
      const hypGaps = complementIntervals(pair.hypothesis, duration);
      assertCounts(scoreOverlap(refGaps, hypGaps), results.OVERLAP.BCKG, "ovlp");
      assertCounts(scoreTaes(refGaps, hypGaps), results.TAES.BCKG, "taes");
      const labels = [pair.reference, pair.hypothesis].map((events) => labelSequence(events, duration));
      assertCounts(alignLabels(labels[0]!, labels[1]!, 0), results["DP ALIGNMENT"].BCKG, "dpalign");
      const epochs = epochCounts(epochTable(refGaps, hypGaps, duration));
      // The tool prints no background false alarms here although epochs were lost to it; its other columns count them.
      assertCounts(epochs, results.EPOCH.BCKG, "epoch", ["targets", "hits", "misses"]);
    });

    test(`the csv_bi pair reads as the events the tool was given: ${name}`, () => {
      for (const side of ["ref", "hyp"] as const) {
        const file = `nedc-pairs/${side}/${name}.csv_bi`;
        const read = readAnnotations(readFileSync(new URL(file, shared), "utf8"), { file });
        assert.equal(read.durationSeconds, duration);
        assert.deepEqual(
          seizureEvents(read).map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
          side === "ref" ? ref : hyp,
        );
      }
    });
  }
}
