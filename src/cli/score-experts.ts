/** Several references of one set of recordings: each expert's, and their consensus as the reference that is scored. */
import { basename } from "node:path";
import { UsageError } from "@ictal/base/action";
import type { Interval } from "../base/events.js";
import { consensusEvents, type ExpertRecording } from "../scoring/experts.js";
import {
  pairTrees,
  type RefusedRecording,
  readScoreTree,
  type ScorePair,
  type ScorePairs,
  type ScoreTree,
} from "./score-tree.js";

/** What can be scored against several experts. */
export interface ExpertPairs extends ScorePairs {
  /** Each with the consensus as its reference. */
  readonly recordings: readonly ExpertRecording[];
  /** Recordings that some experts did not annotate, or whose annotations are in doubt; they are not scored. */
  readonly notByAll: readonly string[];
}

/** Names of experts: the folders', with as much of the path as tells them apart. */
export function expertNames(folders: readonly string[]): string[] {
  const short = folders.map((folder) => basename(folder));
  return new Set(short).size === folders.length ? short : [...folders];
}

const seizure = ({ startSeconds, endSeconds }: Interval) => ({
  startSeconds,
  endSeconds,
  label: "seiz",
  confidence: 1,
});

/** Reads one folder of references per expert. UsageError for a folder that is given twice. */
export async function readExpertTrees(folders: readonly string[]): Promise<ScoreTree[]> {
  if (new Set(folders).size < folders.length)
    throw new UsageError(
      `invalid --ref ${folders.join(" --ref ")}: one folder is given twice; expected one per expert`,
    );
  const trees: ScoreTree[] = [];
  for (const folder of folders) trees.push(await readScoreTree(folder, "--ref"));
  return trees;
}

/** Recordings that every expert annotated, scored against what more than half of them mark; `hypotheses` may be empty. */
export function pairExperts(
  experts: readonly ScoreTree[],
  hypotheses: ScoreTree,
  toleranceSeconds: number,
): ExpertPairs {
  const ids = [...new Set(experts.flatMap((tree) => [...tree.keys()]))];
  const common = (id: string) => experts.every((tree) => tree.has(id));
  const known = new Map([...hypotheses].filter(([id]) => common(id) || !ids.includes(id)));
  const each = experts.map((tree) =>
    pairTrees(new Map([...tree].filter(([id]) => common(id))), known, toleranceSeconds),
  );
  const refused: RefusedRecording[] = each.flatMap((own) => own.refused);
  const byId = each.map(({ pairs }) => new Map(pairs.map((pair) => [pair.id, pair] as const)));
  const pairs: ScorePair[] = [];
  const recordings: ExpertRecording[] = [];
  for (const id of ids.filter(common)) {
    const own = byId.flatMap((pairsOf) => pairsOf.get(id) ?? []);
    const [first] = own;
    if (!first || own.length < experts.length) continue;
    const odd = own.find(({ durationSeconds }) => Math.abs(durationSeconds - first.durationSeconds) > toleranceSeconds);
    if (odd) {
      const message = `one expert's reference lasts ${odd.durationSeconds} s, another's ${first.durationSeconds} s`;
      refused.push({ id, side: "reference", file: id, code: "durations-differ", message });
      continue;
    }
    const reference = consensusEvents(own.map((pair) => pair.reference));
    pairs.push({ ...first, reference, typed: reference.map(seizure) });
    const { patient, durationSeconds, hypothesis } = first;
    const detected = hypotheses.size > 0 ? { hypothesis } : {};
    recordings.push({ id, patient, durationSeconds, experts: own.map((pair) => pair.reference), ...detected });
  }
  const scored = new Set(pairs.map(({ id }) => id));
  const missing = (each[0]?.missing ?? []).filter((id) => scored.has(id) && hypotheses.size > 0);
  const notes = each.flatMap((own) => own.notes);
  return { pairs, missing, refused, notes, recordings, notByAll: ids.filter((id) => !scored.has(id)) };
}
