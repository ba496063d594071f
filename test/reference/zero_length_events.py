"""What timescoring and NEDC's eeg_eval make of rows without a length, for the tests of src/scoring.

Run where timescoring is installed (pip install timescoring==0.0.7), with Python 3.11 or later:
python -P test/reference/zero_length_events.py PATH_OF_NEDC_EEG_EVAL_V6, the folder that holds its bin/ and lib/; its
Python packages scipy, lxml and toml must be there too. Writes test/fixtures/scoring/zero-length.json: for each case the
counts of timescoring's event list (reference, true positives, false positives at 10 Hz, then of its samples at 1 Hz) and
those of NEDC for the seizure label (targets, hits, misses, false alarms), or the error with which its tool stops. Events and cases are made for this project.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

OUT = Path(__file__).resolve().parent.parent / "fixtures" / "scoring" / "zero-length.json"
SECONDS = 600
CASES = {
    "a reference without a length, found by nothing": ([(100, 100)], []),
    "a reference without a length, with a detection around it": ([(100, 100)], [(90, 130)]),
    "two references, the one without a length far away": ([(100, 100), (300, 330)], [(310, 320)]),
    "two references, both found": ([(100, 100), (300, 330)], [(90, 130), (310, 320)]),
    "a detection without a length alone": ([], [(100, 100)]),
    "a detection without a length inside a reference": ([(90, 130)], [(100, 100)]),
    "a detection without a length far from the reference": ([(300, 330)], [(100, 100)]),
    "a detection without a length beside a right one": ([(300, 330)], [(100, 100), (310, 320)]),
    "both without a length at one time": ([(100, 100)], [(100, 100)]),
    "a row without a length at the start": ([(0, 0), (300, 330)], [(305, 320)]),
    "a row without a length at the end": ([(300, 330), (600, 600)], [(305, 320)]),
    "a row without a length that touches the next": ([(100, 100), (100, 130)], [(110, 120)]),
    "a row without a length that touches the one before": ([(100, 130), (130, 130)], [(110, 120)]),
    "rows without a length near each other": ([(100, 100), (150, 150)], [(120, 120)]),
}
HEADER = """# version = csv_v1.0.0
# bname = a
# duration = 600.0000 secs
# montage_file = nedc_eas_default_montage.txt
#
channel,start_time,stop_time,label,confidence
"""
TITLES = {"DP ALIGNMENT": "dpalign", "EPOCH": "epoch", "OVERLAP": "ovlp", "TAES": "taes"}


def timescoring_counts(ref, hyp):
    pair = [Annotation(events, 10, SECONDS * 10) for events in (ref, hyp)]
    events, samples = EventScoring(*pair), SampleScoring(*pair)
    return {name: [int(s.refTrue), int(s.tp), int(s.fp)] for name, s in (("event", events), ("sample", samples))}


def csv_bi(events):
    rows = [f"TERM,{start:.4f},{stop:.4f},seiz,1.0000\n" for start, stop in events]
    return HEADER + "".join(rows or [f"TERM,0.0000,{SECONDS:.4f},bckg,1.0000\n"])


def nedc_counts(root, ref, hyp):
    with tempfile.TemporaryDirectory() as folder:
        lists = []
        for side, events in (("ref", ref), ("hyp", hyp)):
            Path(folder, side).mkdir()
            file = Path(folder, side, "a.csv_bi")
            file.write_text(csv_bi(events))
            lists.append(Path(folder, f"{side}.list"))
            lists[-1].write_text(f"{file}\n")
        parameters = root / "docs" / "params" / "nedc_eeg_eval_params_v00.toml"
        out = Path(folder, "out")
        command = [sys.executable, str(root / "bin" / "nedc_eeg_eval"), "--odir", str(out), "-p", str(parameters)]
        environment = {**os.environ, "NEDC_NFC": str(root), "PYTHONPATH": str(root / "lib")}
        done = subprocess.run([*command, *map(str, lists)], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            return {"error": done.stderr.strip().splitlines()[-1]}
        text = (out / "summary.txt").read_text()
    counts = {}
    for title, name in TITLES.items():
        part = text.split(f"NEDC {title} SCORING SUMMARY")[1].split("LABEL: SEIZ")[1]
        values = [re.search(rf"{what}:\s+([-\d.]+)", part) for what in ("Targets", "Hits", "Misses", "False Alarms")]
        counts[name] = [float(value.group(1)) for value in values]
    return counts


def main():
    root = Path(sys.argv[1]).resolve()
    cases = []
    for name, (ref, hyp) in CASES.items():
        counts = {**timescoring_counts(ref, hyp), "nedc": nedc_counts(root, ref, hyp)}
        cases.append({"name": name, "reference": ref, "hypothesis": hyp, **counts})
    source = f"timescoring {version('timescoring')} (MIT) and NEDC eeg_eval v6.0.0; events made for this project"
    text = json.dumps({"source": source, "durationSeconds": SECONDS, "cases": cases}, indent=1)
    OUT.write_text(re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m.group(1)) + "]", text) + "\n")


main()
