/** Names the process that this one works for and must not outlive. */
export const PARENT_VARIABLE = "ICTAL_PARENT_PID";

const LOOK_MILLISECONDS = 1000;
/** Time to save a state once the parent is gone. */
const GRACE_MILLISECONDS = 60_000;

/**
 * When the process that ICTAL_PARENT_PID names is no longer this one's parent, end in order as by SIGTERM, after a
 * minute at once. Does nothing without the variable, which children of this process do not inherit.
 */
export function endWithParent(): void {
  const parent = Number(process.env[PARENT_VARIABLE]);
  delete process.env[PARENT_VARIABLE];
  if (!Number.isSafeInteger(parent) || parent <= 0) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    setTimeout(() => process.exit(143), GRACE_MILLISECONDS).unref();
    process.kill(process.pid, "SIGTERM");
  }, LOOK_MILLISECONDS);
  timer.unref();
}
