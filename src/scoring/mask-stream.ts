/**
 * The mask steps of post-processing one value at a time, for streamed probabilities. A step takes a value by `push`, passes
 * finished ones to `next` in order, and passes on the remaining ones by `flush` at the end of the recording.
 */
export interface BitStep {
  push(bit: 0 | 1): void;
  flush(): void;
}

/** A step from probabilities to bits. */
export interface ProbabilityStep {
  push(value: number): void;
  flush(): void;
}

/** Hysteresis as `hysteresisInto`; up to `minOnset - 1` values wait until it is known whether they begin an onset. */
export function hysteresisStep(
  { on, off, minOnset, minOffset }: { on: number; off: number; minOnset: number; minOffset: number },
  next: BitStep,
): ProbabilityStep {
  let active = false;
  let above = 0; // consecutive values at or above `on`; while inactive these wait
  let below = 0;
  const release = (bit: 0 | 1) => {
    for (; above > 0; above--) next.push(bit);
  };
  return {
    push(value) {
      if (active) {
        below = value < off ? below + 1 : 0;
        active = below < minOffset;
        next.push(active ? 1 : 0);
      } else if (value >= on) {
        above += 1;
        if (above < minOnset) return;
        release(1);
        active = true;
        below = 0;
      } else {
        release(0);
        next.push(0);
      }
    },
    flush() {
      release(0);
      next.flush();
    },
  };
}

/** Running extreme over a centred odd `width`, edges neutral: `wanted` 1 dilates, 0 erodes. Waits for `width >> 1` values. */
function spreadStep(width: number, wanted: 0 | 1, next: BitStep): BitStep {
  const half = width >> 1;
  const other = wanted === 1 ? 0 : 1;
  let taken = 0;
  let given = 0;
  let latest = Number.NEGATIVE_INFINITY; // position of the last `wanted` value
  const give = () => {
    next.push(latest >= given - half ? wanted : other);
    given += 1;
  };
  return {
    push(bit) {
      if (bit === wanted) latest = taken;
      taken += 1;
      if (taken > half) give();
    },
    flush() {
      while (given < taken) give();
      next.flush();
    },
  };
}

/** Opening as `openMask`; waits for `width - 1` values. */
export function openStep(width: number, next: BitStep): BitStep {
  return width > 1 ? spreadStep(width, 0, spreadStep(width, 1, next)) : next;
}

/** Closing as `closeMask`; waits for `width - 1` values. */
export function closeStep(width: number, next: BitStep): BitStep {
  return width > 1 ? spreadStep(width, 1, spreadStep(width, 0, next)) : next;
}
