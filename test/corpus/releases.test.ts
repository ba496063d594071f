import assert from "node:assert/strict";
import { test } from "node:test";
import { compareReleases, KNOWN_RELEASES } from "../../src/corpus/releases.js";

const [current] = KNOWN_RELEASES;

test("compareReleases(layout, counts) names the release whose every known count fits", () => {
  const { release, differences } = compareReleases("tusz-v2", current!.counts);
  assert.equal(release, "TUSZ v2.0.3 (2024-02-07)");
  assert.deepEqual(differences, []);
});

test("compareReleases(layout, counts) distinguishes the copies of 7,364 and of 7,361 recordings", () => {
  const counts = {
    train: { recordings: 4667 },
    dev: { recordings: 1832 },
    eval: { recordings: 865 },
    all: { recordings: 7364 },
  };
  assert.equal(compareReleases("tusz-v2", counts).release, "TUSZ v2.0.3 (copy of 7,364 recordings)");
});

test("compareReleases(layout, counts) lists the differences from the nearest release", () => {
  const { counts: known } = current!;
  const counts = { ...known, eval: { ...known.eval, seizures: 468 }, all: { ...known.all, seizures: 3970 } };
  const { release, nearest, differences } = compareReleases("tusz-v2", counts);
  assert.equal(release, null);
  assert.equal(nearest, "TUSZ v2.0.3 (2024-02-07)");
  assert.deepEqual(differences, [
    { split: "eval", what: "seizures", found: 468, expected: 469 },
    { split: "all", what: "seizures", found: 3970, expected: 3971 },
  ]);
});

test("compareReleases(layout, counts) reports a missing split once", () => {
  const { differences } = compareReleases("tusz-v2", { train: { recordings: 4664 }, all: { recordings: 4664 } });
  assert.deepEqual(
    differences.filter(({ split }) => split === "dev"),
    [{ split: "dev", what: "recordings", found: 0, expected: 1832 }],
  );
});

test("compareReleases(layout, counts) knows no release of other layouts", () => {
  assert.deepEqual(compareReleases("bids", { all: { recordings: 3 } }), {
    release: null,
    nearest: null,
    source: null,
    differences: [],
  });
});

test("the splits of a known release add up to its whole", () => {
  for (const { name, counts } of KNOWN_RELEASES) {
    const { all, ...splits } = counts;
    for (const what of ["recordings", "sessions", "patients", "seizures", "seizureSeconds"] as const) {
      const parts = Object.values(splits).map((split) => split[what]);
      if (all?.[what] === undefined || parts.length === 0 || parts.includes(undefined)) continue;
      assert.equal(
        parts.reduce((sum, part) => sum! + part!, 0),
        all[what],
        `${name} ${what}`,
      );
    }
  }
});
