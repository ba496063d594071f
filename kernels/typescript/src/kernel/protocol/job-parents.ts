import type { Message } from "../../wire/message.js";

/** Output of older jobs than these goes to the oldest that is remembered. */
const REMEMBERED = 5000;

/** Remembers the message behind each job, so that late output finds the cell that made it. */
export interface JobParents {
  set(job: number, message: Message, silent: boolean): void;
  /** The message behind a job; undefined for output from before the first job. */
  get(job: number): Message | undefined;
  isSilent(job: number): boolean;
}

export function createJobParents(): JobParents {
  const messages = new Map<number, Message>();
  const silent = new Set<number>();
  return {
    set(job, message, isSilent) {
      messages.set(job, { ...message, content: {}, buffers: [] });
      if (isSilent) silent.add(job);
      if (messages.size > REMEMBERED) {
        const oldest = messages.keys().next().value!; // there is one: the size says so
        messages.delete(oldest);
        silent.delete(oldest);
      }
    },
    get: (job) => messages.get(job) ?? (job > 0 ? messages.values().next().value : undefined),
    isSilent: (job) => silent.has(job),
  };
}
