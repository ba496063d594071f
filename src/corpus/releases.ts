/** Published counts of a release; a count that its source does not give is absent. */
export interface KnownCounts {
  readonly recordings?: number;
  readonly sessions?: number;
  readonly patients?: number;
  readonly recordingsWithSeizures?: number;
  readonly seizures?: number;
  readonly hours?: number;
  readonly seizureSeconds?: number;
}

/** A published corpus that a listing can be compared with. */
export interface KnownRelease {
  readonly name: string;
  readonly layout: string;
  /** Where the counts come from. */
  readonly source: string;
  /** By split, and `all` for the whole. */
  readonly counts: Readonly<Record<string, KnownCounts>>;
}

const TUSZ_READ_ME = "https://isip.piconepress.com/projects/nedc/data/tuh_eeg/tuh_eeg_seizure/v2.0.3/AAREADME.txt";

/**
 * Counts of the TUSZ releases. v2.0.3 was reissued under the same number in 2025, and copies of 7,361 and 7,364
 * recordings exist: a version string does not identify a release, counts and hashes do.
 */
export const KNOWN_RELEASES: readonly KnownRelease[] = [
  {
    name: "TUSZ v2.0.3 (2024-02-07)",
    layout: "tusz-v2",
    source: TUSZ_READ_ME,
    counts: {
      train: {
        ...{ recordings: 4664, sessions: 1175, patients: 579, recordingsWithSeizures: 872 },
        ...{ seizures: 2421, hours: 910.3, seizureSeconds: 175_125 },
      },
      dev: {
        ...{ recordings: 1832, sessions: 342, patients: 53, recordingsWithSeizures: 324 },
        ...{ seizures: 1081, hours: 435.5, seizureSeconds: 71_872 },
      },
      eval: {
        ...{ recordings: 865, sessions: 126, patients: 43, recordingsWithSeizures: 195 },
        ...{ seizures: 469, hours: 127.7, seizureSeconds: 27_247 },
      },
      all: {
        ...{ recordings: 7361, sessions: 1643, patients: 675, recordingsWithSeizures: 1391 },
        ...{ seizures: 3971, hours: 1473.6, seizureSeconds: 274_244 },
      },
    },
  },
  {
    name: "TUSZ v2.0.3 (copy of 7,364 recordings)",
    layout: "tusz-v2",
    source: "Clarity-Digital-Twin/brain-go-brr-v2: artifacts/tusz_channel_report.md",
    counts: {
      train: { recordings: 4667 },
      dev: { recordings: 1832 },
      eval: { recordings: 865 },
      all: { recordings: 7364 },
    },
  },
  {
    name: "TUSZ v2.0.0",
    layout: "tusz-v2",
    source: "https://epilepsybenchmarks.com",
    counts: { all: { recordings: 7377, patients: 675, hours: 1476, seizures: 4029 } },
  },
  {
    name: "TUSZ v1.5.2",
    layout: "tusz-v1.5",
    source: "https://www.frontiersin.org/articles/10.3389/fncom.2024.1454529",
    counts: { all: { recordings: 5612, seizures: 3050 } },
  },
  {
    name: "TUSZ v1.5.0",
    layout: "tusz-v1.5",
    source: "danielgrzenda/tuh_eeg",
    counts: {
      train: { recordings: 4597, patients: 592, seizures: 2370 },
      dev: { recordings: 1013, patients: 50, seizures: 685 },
      all: { recordings: 5610 },
    },
  },
];

/** Share of recordings and of time with seizures in TUSZ v2.0.3, for comparison. */
export const TUSZ_PREVALENCE = { recordings: 1391 / 7361, time: 274_244 / (1473.6 * 3600) } as const;

/** One count that differs from that of the release. */
export interface ReleaseDifference {
  readonly split: string;
  readonly what: keyof KnownCounts;
  readonly found: number;
  readonly expected: number;
}

/** The release of a corpus, or the closest one. */
export interface ReleaseComparison {
  /** Name of the release whose compared counts all match, else null. */
  readonly release: string | null;
  /** Name of the release with the fewest recordings of difference; null when none has this layout. */
  readonly nearest: string | null;
  readonly source: string | null;
  /** Differences from `nearest`. */
  readonly differences: readonly ReleaseDifference[];
}

/** Hours are published to one decimal, seconds to one. */
const TOLERANCE: Partial<Record<keyof KnownCounts, number>> = { hours: 0.06, seizureSeconds: 1 };

function differencesFrom(release: KnownRelease, found: Readonly<Record<string, KnownCounts>>): ReleaseDifference[] {
  return Object.entries(release.counts).flatMap(([split, expected]) =>
    (Object.keys(expected) as (keyof KnownCounts)[]).flatMap((what) => {
      const counts = found[split];
      const value = counts ? counts[what] : what === "recordings" ? 0 : undefined; // a missing split is reported once
      const published = expected[what];
      if (value === undefined || published === undefined) return [];
      if (Math.abs(value - published) <= (TOLERANCE[what] ?? 0)) return [];
      return [{ split, what, found: value, expected: published }];
    }),
  );
}

/**
 * Compare counts by split (and `all`) with the known releases of the layout. Only counts that both sides have are
 * compared; the first release without a difference is the one. `nearest` has the closest number of recordings.
 */
export function compareReleases(layout: string, found: Readonly<Record<string, KnownCounts>>): ReleaseComparison {
  const candidates = KNOWN_RELEASES.filter((release) => release.layout === layout).map((release) => ({
    release,
    differences: differencesFrom(release, found),
    distance: Math.abs((found.all?.recordings ?? 0) - (release.counts.all?.recordings ?? 0)),
  }));
  const exact = candidates.find(({ differences }) => differences.length === 0);
  const best =
    exact ?? candidates.sort((a, b) => a.distance - b.distance || a.differences.length - b.differences.length)[0];
  if (!best) return { release: null, nearest: null, source: null, differences: [] };
  const { release, differences } = best;
  return { release: exact ? release.name : null, nearest: release.name, source: release.source, differences };
}
