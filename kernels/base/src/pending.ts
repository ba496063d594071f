/**
 * What this process waits for at the moment, so that one whose event loop runs dry can report it: Node ends such a process
 * with code 13 without the cause.
 */
const waits = new Map<number, string>();
let lastNumber = 0;

/** `promise` itself, known as `what` ("bytes of a.bin from s3://b/") until it is settled. */
export function waitingFor<T>(what: string, promise: Promise<T>): Promise<T> {
  lastNumber += 1;
  const number = lastNumber;
  waits.set(number, what);
  const end = () => void waits.delete(number);
  promise.then(end, end);
  return promise;
}

let lastStep: (() => string) | undefined;

/** Registers what describes the step that a long task is at. */
export function noteStep(describe: () => string): void {
  lastStep = describe;
}

/** The message of a process whose event loop has run dry. */
export function describePending(verb: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names come from outside and must not steer a terminal
  const waited = [...waits.values()].map((what) => what.replace(/[\x00-\x1f\x7f-\x9f]/g, "?"));
  return [
    `${verb}: ended in the middle: nothing was left that could have finished it. This is a fault of the program and not yours; what was complete is saved, so run it again, and report it with these lines.`,
    `  it waited for: ${waited.length > 0 ? waited.join("; ") : "nothing that has a name"}`,
    ...(lastStep ? [`  last step: ${lastStep()}`] : []),
    "",
  ].join("\n");
}

/** What is waited for now, oldest first. */
export function pendingWaits(): string[] {
  return [...waits.values()];
}
