"""The reference system's cache step on one recording, by MNE, scipy and numpy: python reference_pipeline.py FILE ROUNDS.

Prints the CPU seconds of each round: read, Fourier resampling to 256 Hz, band-pass, notch, z-score, clip, windows of 60 s at a
stride of 10 s, savez_compressed.
"""

import os
import sys
import tempfile
import time
import warnings

import mne
import numpy as np
from scipy import signal

warnings.filterwarnings("ignore")
ELECTRODES = "FP1 F3 C3 P3 O1 F7 T3 T5 FZ CZ PZ FP2 F4 C4 P4 O2 F8 T4 T6".split()


def cache(path, out):
    raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
    x = raw.get_data(picks=[f"EEG {name}-REF" for name in ELECTRODES], verbose="error")
    rate = raw.info["sfreq"]
    x = signal.resample(x, round(x.shape[1] * 256 / rate), axis=1)
    x = signal.lfilter(*signal.butter(3, [0.5 / 128, 120 / 128], "band"), x, axis=1)
    x = signal.lfilter(*signal.iirnotch(60, Q=30, fs=256), x, axis=1)
    x = (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-8)
    x = np.clip(x, -10, 10).astype(np.float32)
    starts = range(0, x.shape[1] - 15360 + 1, 2560)
    windows = np.stack([x[:, s : s + 15360] for s in starts])
    np.savez_compressed(out, windows=windows, labels=np.zeros((len(windows), 15360), np.float32))


with tempfile.TemporaryDirectory() as folder:
    for _ in range(int(sys.argv[2])):
        start = time.process_time()
        cache(sys.argv[1], os.path.join(folder, "windows.npz"))
        print(time.process_time() - start, os.path.getsize(os.path.join(folder, "windows.npz")))
