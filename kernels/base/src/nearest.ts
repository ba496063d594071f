/** Optimal string alignment distance (insert, delete, replace, swap neighbours). */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width); // row i, column j: distance of the first i and j letters
  const at = (i: number, j: number): number => table[i * width + j] ?? 0;
  for (let j = 0; j <= b.length; j++) table[j] = j;
  for (let i = 1; i <= a.length; i++) {
    table[i * width] = i;
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      table[i * width + j] = isSwap ? Math.min(best, at(i - 2, j - 2) + 1) : best;
    }
  }
  return at(a.length, b.length);
}

/** The candidate closest to `name`, or undefined when none is near (more than half its letters differ). */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best !== undefined && bestDistance <= Math.max(2, Math.floor(name.length / 2)) ? best : undefined;
}

/** The `count` candidates closest to `name`, closest first, near or not. */
export function nearestNames(name: string, candidates: Iterable<string>, count = 3): string[] {
  const distanceTo = (candidate: string) => editDistance(name.toLowerCase(), candidate.toLowerCase());
  const ranked = [...candidates].map((candidate) => ({ candidate, distance: distanceTo(candidate) }));
  ranked.sort((a, b) => a.distance - b.distance);
  return ranked.slice(0, count).map(({ candidate }) => candidate);
}
