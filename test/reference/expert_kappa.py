"""Agreement of the three experts of shared/data/real/helsinki by numpy alone, for test/scoring/experts.test.ts.

    python -P test/reference/expert_kappa.py DATA/real/helsinki > test/fixtures/scoring/expert-kappa.json

Cohen's kappa of every two experts over all seconds, its delete-one-patient jackknife interval with Student's quantile, and
expert C in the place of A: the difference of its kappa with B from that of A.
"""

import csv
import json
import sys
from itertools import combinations
from pathlib import Path

import numpy
import scipy
from scipy import stats


def masks(folder: Path) -> dict[str, numpy.ndarray]:
    found = {}
    for file in sorted(folder.glob("sub-*/ses-*/eeg/*_events.tsv")):
        rows = list(csv.DictReader(file.open(), delimiter="\t"))
        mask = numpy.zeros(int(float(rows[0]["recordingDuration"])), bool)
        for row in rows:
            if row["eventType"].startswith("sz"):
                start = int(float(row["onset"]))
                mask[start : start + int(float(row["duration"]))] = True
        found[file.name.split("_")[0]] = mask
    return found


experts = {name: masks(Path(sys.argv[1]) / "derivatives" / f"expert-{name}") for name in "ABC"}
patients = sorted(experts["A"])


def kappa(first: str, second: str, names: list[str]) -> float:
    a, b = (numpy.concatenate([experts[e][p] for p in names]) for e in (first, second))
    observed = numpy.mean(a == b)
    chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return float((observed - chance) / (1 - chance))


def interval(measure) -> list[float]:
    count = len(patients)
    without = numpy.array([measure([q for q in patients if q != p]) for p in patients])
    error = numpy.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, count - 1) * error
    value = measure(patients)
    return [value, value - half, value + half]


print(
    json.dumps(
        {
            "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
            "patients": len(patients),
            "between": {f"{a}{b}": interval(lambda names: kappa(a, b, names)) for a, b in combinations("ABC", 2)},
            "replaced": interval(lambda names: kappa("C", "B", names) - kappa("A", "B", names)),
        },
        indent=1,
    )
)
