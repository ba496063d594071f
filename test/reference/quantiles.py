"""Quantiles and exact intervals of scipy, for test/scoring/distributions.test.ts.

    python -P test/reference/quantiles.py > test/fixtures/scoring/quantiles.json
"""

import json

import scipy
from scipy import stats

STUDENT = [(0.975, 3), (0.975, 11), (0.95, 42), (0.995, 1), (0.6, 5.5)]
BINOMIAL = [(12, 12), (0, 4), (3, 8), (38, 43), (1, 1000)]
POISSON = [0, 1, 2.5, 17, 400]

print(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "student": [[share, df, stats.t.ppf(share, df)] for share, df in STUDENT],
            "binomial": [
                [k, n, *stats.binomtest(k, n).proportion_ci(0.95, method="exact")] for k, n in BINOMIAL
            ],
            "poisson": [
                [k, stats.gamma.ppf(0.025, k) if k else 0.0, stats.gamma.ppf(0.975, k + 1), stats.gamma.ppf(0.95, k + 1)]
                for k in POISSON
            ],
        },
        indent=1,
    )
)
