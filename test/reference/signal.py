"""Values of scipy and MNE that the tests of src/signal compare with.

Run with Python 3 where numpy, scipy and mne are installed; writes test/fixtures/signal/*.json, each with the versions;
arguments name the functions to run.
Inputs are closed formulas (see `wave`), so that the tests make the very same samples without storing them.
"""

import json
import platform
import sys
from pathlib import Path

import mne
import numpy as np
import scipy
from scipy import signal

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "signal"
VERSIONS = {
    "python": platform.python_version(),
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "mne": mne.__version__,
}


def wave(count, seed):
    """An offset, two saw-teeth and the noise of a 32-bit generator, which every language makes alike."""
    state = seed
    noise = np.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        noise[i] = state / 2**32 - 0.5
    n = np.arange(count)
    return 40 * noise + 0.02 * n % 30 + (n % 17) * 1.5 + 100


def write(name, values):
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"versions": VERSIONS, **values}, separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text + "\n")
    print(name, len(text))


def designs():
    cases = [
        (3, 0.5, 120, 256), (3, 0.5, 70, 256), (4, 1, 70, 200), (2, 0.5, 120, 250), (5, 8, 13, 256), (1, 0.5, 40, 128),
        (4, None, 70, 256), (5, None, 40, 256), (3, 1, None, 256), (4, 0.3, None, 200), (6, 0.1, 120, 512),
    ]
    rows = []
    for order, low, high, rate in cases:
        kind = "bandpass" if low and high else "lowpass" if high else "highpass"
        edges = [low, high] if low and high else high or low
        sos = signal.butter(order, edges, kind, fs=rate, output="sos")
        rows.append({
            "order": order, "lowCutHz": low, "highCutHz": high, "sampleRateHz": rate, "sos": sos.ravel().tolist(),
            "zi": signal.sosfilt_zi(sos).ravel().tolist(),
        })
    notches = []
    for hertz, quality, rate in [(60, 30, 256), (50, 30, 256), (60, 30, 200), (50, 10, 512)]:
        b, a = signal.iirnotch(hertz, quality, fs=rate)
        notches.append({"notchHz": hertz, "quality": quality, "sampleRateHz": rate, "section": [*b, *a]})
    return {"butterworth": rows, "notch": notches}


def filters():
    x = wave(600, 1)
    sos = signal.butter(3, [0.5, 120], "bandpass", fs=256, output="sos")
    b, a = signal.iirnotch(60, 30, fs=256)
    notch = np.array([[*b, *a]])
    causal = signal.sosfilt(np.vstack([sos, notch]), x)
    steady = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[0])[0]
    zero = signal.sosfiltfilt(notch, signal.sosfiltfilt(sos, x))
    return {"causal": causal.tolist(), "steady": steady.tolist(), "zero": zero.tolist()}


def resampling():
    rows = []
    for up, down, count in [(128, 125, 701), (16, 25, 700), (1, 2, 701), (32, 25, 333), (2, 1, 200), (32, 125, 1200), (128, 125, 5), (125, 128, 257)]:
        y = signal.resample_poly(wave(count, up), up, down)
        rows.append({"up": up, "down": down, "count": count, "y": y.tolist()})
    large = []  # 249.99, 600.615, 173.61 and 1017.2526 Hz to 256 Hz, in terms that scipy can hold
    for up, down, count in [(25600, 24999, 700), (51200, 120123, 900), (25600, 17361, 600), (3832, 15227, 1500)]:
        y = signal.resample_poly(wave(count, up), up, down)
        large.append({"up": up, "down": down, "count": count, "y": y.tolist()})
    fourier = []
    for count, num in [(250, 256), (401, 257), (400, 256), (512, 256), (75, 77), (100, 200), (33, 64)]:
        y = signal.resample(wave(count, num), num)
        fourier.append({"count": count, "num": num, "y": y.tolist()})
    return {"polyphase": rows, "large": large, "fourier": fourier}


def reference_chain():
    """The reference system's steps, by scipy: Fourier resampling, band-pass and notch as transfer functions, z-score."""
    x = wave(1250, 7)
    y = signal.resample(x, round(1250 * 256 / 250))
    y = signal.lfilter(*signal.butter(3, [0.5 / 128, 120 / 128], "band"), y)
    y = signal.lfilter(*signal.iirnotch(60, Q=30, fs=256), y)
    return {"filtered": y.tolist(), "mean": float(y.mean()), "std": float(y.std())}


def causal_chain():
    """The default chain by scipy: offset of the first second off, polyphase resampling, band-pass, notch, z-score, clip."""
    x = wave(2500, 11)
    y = signal.resample_poly(x - x[:250].mean(), 128, 125)
    band = signal.butter(3, [0.5, 120], "bandpass", fs=256, output="sos")
    y = signal.sosfilt(np.vstack([band, np.concatenate(signal.iirnotch(60, 30, fs=256))]), y)
    z = np.clip((y - y.mean()) / (y.std() + 1e-8), -10, 10)
    return {"filtered": y.tolist(), "z": z.tolist()}


def spectra():
    x = wave(2000, 3)
    rows = []
    for segment, overlap in [(256, 128), (500, 250), (333, 100)]:
        f, p = signal.welch(x, fs=250, window="hann", nperseg=segment, noverlap=overlap)
        rows.append({"segment": segment, "overlap": overlap, "frequencies": f.tolist(), "power": p.tolist()})
    return {"welch": rows}


def interpolation():
    names = "Fp1 F3 C3 P3 O1 F7 T7 P7 Fz Cz Pz Fp2 F4 C4 P4 O2 F8 T8 P8".split()
    positions = mne.channels.make_standard_montage("easycap-M1", head_size=1.0).get_positions()["ch_pos"]
    montage = mne.channels.make_dig_montage({n: positions[n] * 0.1 for n in names}, coord_frame="head")
    rows = []
    for missing in [["Fz", "Pz"], ["T7"], ["Fp1", "Fp2", "O1", "O2"], ["Cz"]]:
        # Unit potentials one electrode at a time, through the public interface: each column of the weights.
        info = mne.create_info(names, 100.0, "eeg")
        raw = mne.io.RawArray(np.eye(19), info, verbose="error").set_montage(montage)
        raw.info["bads"] = list(missing)
        raw.interpolate_bads(origin=(0.0, 0.0, 0.0), method=dict(eeg="spline"), reset_bads=False, verbose="error")
        data = raw.get_data()
        present = [k for k, n in enumerate(names) if n not in missing]
        weights = [data[names.index(n), present].tolist() for n in missing]
        rows.append({"missing": [n.upper() for n in missing], "weights": weights})
    return {"positions": {n.upper(): positions[n].tolist() for n in names}, "cases": rows}


if __name__ == "__main__":
    for make in [designs, filters, resampling, reference_chain, causal_chain, spectra, interpolation]:
        if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
            write(make.__name__.replace("_", "-"), make())
