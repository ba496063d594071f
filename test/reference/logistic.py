"""Logistic regression of scikit-learn for test/training/baseline.test.ts to compare with.

Run where numpy and scikit-learn are installed: python -P test/reference/logistic.py. Writes test/fixtures/model/logistic.json: balanced
class weights and a ridge of 20 (C = 1 / 20) on standardised features, and the plain form with a ridge of 1.
"""

import json
import platform
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "model"
ROWS, FEATURES = 60, 4


def noise(count, seed):
    """Numbers in [-1, 1) of a 32-bit congruential generator, as in detector.py."""
    state, out = seed, np.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        out[i] = state / 2**31 - 1
    return out


def main():
    x = noise(ROWS * FEATURES, 7).reshape(ROWS, FEATURES) * [1, 10, 0.1, 1] + [0, 5, 0, -3]
    y = (x[:, 0] + 0.05 * x[:, 1] + 0.6 * noise(ROWS, 11) > 0.5).astype(int)
    scaler = StandardScaler().fit(x)
    values = {"versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__}, "y": y.tolist()}
    for name, ridge, weight in (("balanced", 20, "balanced"), ("plain", 1, None)):
        model = LogisticRegression(C=1 / ridge, class_weight=weight, tol=1e-12, max_iter=10000).fit(scaler.transform(x), y)
        fitted = {"ridge": ridge, "coefficients": model.coef_[0].tolist(), "intercept": float(model.intercept_[0])}
        values[name] = fitted | {"probability": model.predict_proba(scaler.transform(x))[:, 1].tolist()}
    (FOLDER / "logistic.json").write_text(json.dumps(values, separators=(",", ":")) + "\n")
    print(values["balanced"]["coefficients"], y.mean())


if __name__ == "__main__":
    main()
