/**
 * Plans of shards for pools, Slurm and the cloud.
 * @module ictal/cluster
 */
export { planCrossval } from "../cluster/crossval/plan.js";
export { type FoldRun, readFolds } from "../cluster/crossval/read-folds.js";
export { finalisePlan } from "../cluster/finalise.js";
export { makePlan, type Plan, readPlan, type ShardDraft, writePlan } from "../cluster/plan.js";
export { type PoolReport, runPool } from "../cluster/pool.js";
export { type ResultTable, resultTable } from "../cluster/result-table.js";
export { parseSweep } from "../cluster/sweep.js";
export { runTask, type TaskEnd, type TaskOptions } from "../cluster/task.js";
