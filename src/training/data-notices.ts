/** What is said of the training windows before the first step. */
import { balanceNotice, windowComposition } from "../dataset/balance.js";
import type { FilledTrainOptions } from "./options.js";
import { seizureShareOf, type TrainingData } from "./run-data.js";

/** Warnings for windows without a seizure, which balanced sampling would have refused, and for a draw that leaves most of it out. */
export function dataNotices(data: TrainingData, options: FilledTrainOptions): string[] {
  const { index, selection } = data;
  if (seizureShareOf(data) === 0)
    return [`none of the ${selection.length} training windows holds seizure; a detector cannot learn from that`];
  const { balance } = options.data;
  const notice = balance === false ? undefined : balanceNotice(windowComposition(index, selection), balance);
  return notice === undefined ? [] : [notice];
}
