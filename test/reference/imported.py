"""Files of others for the tests of `ictal model import`: a checkpoint of PyTorch, ONNX networks, what they answer.

Run where torch, onnx and numpy are installed, with Python 3.11 or later and -P: python -P test/reference/imported.py. Writes to
test/fixtures/model/: nested.pth (a small SeizureTransformer as a training script saves it: below state_dict, names with module., views,
four types of numbers), module.pth (a whole module) and legacy.pth (the form before PyTorch 1.6), which are refused, samples.onnx and
classes.onnx, and imported.json with the answers. Of the SeizureTransformer at its published size only answers are stored: its weights
come from `noise`, which test/model/imported-noise.ts repeats.
"""

import importlib.util
import json
import platform
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("detectors", HERE / "detectors.py")
detectors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(detectors)
FOLDER = HERE.parent / "fixtures" / "model"

PUBLISHED = {"inputChannels": 19, "channels": [32, 64, 128, 256, 512], "kernels": [11, 9, 7, 7, 5], "headKernel": 11}
PUBLISHED |= {"decoderKernels": [3, 5, 5, 7, 7], "residualKernels": [3, 3, 3, 3, 2, 3, 2], "dropout": 0.1}
PUBLISHED |= {"layers": 8, "heads": 4, "feedForward": 2048}


def noise(name, count):
    """Uniform numbers in [-1, 1) that depend on name and index alone: FNV-1a of the name, then MurmurHash3's finaliser."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def weight(name, shape):
    """A starting value that keeps signals near one: norms around 1, biases small, matrices by their inputs."""
    u = noise(name, int(np.prod(shape)))
    if name.endswith("running_var") or (".norm" in name and name.endswith(".weight")):
        values = 1 + 0.1 * u
    elif len(shape) > 1:
        values = u * np.sqrt(3 / np.prod(shape[1:]))
    else:
        values = 0.05 * u
    return torch.from_numpy(values.astype(np.float32)).view(tuple(shape))


def fill(model):
    state = model.state_dict()
    model.load_state_dict({k: v if k.endswith("num_batches_tracked") else weight(k, v.shape) for k, v in state.items()})
    return model.eval()


def windows(batch, channels, length):
    return torch.from_numpy(noise("x", batch * channels * length).astype(np.float32)).view(batch, channels, length)


def published():
    with torch.no_grad():
        logits = fill(detectors.SeizureTransformer(PUBLISHED))(windows(1, 19, 1024))
    return {"length": 1024, "every": 8, "logits": logits.flatten()[::8].tolist()}


def nested():
    """Weights in four types and as views; the answers are those of the rounded weights."""
    config = {**detectors.TRANSFORMER, "inputChannels": 19}
    model = fill(detectors.SeizureTransformer(config))
    state = model.state_dict()
    types = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
    saved = {}
    for i, (name, value) in enumerate(state.items()):
        if value.is_floating_point():
            value = value.to(types[i % 4])
            state[name] = value.float()
        if value.dim() == 2:
            value = value.t().contiguous().t()
        elif value.dim() == 3:
            value = torch.stack([torch.zeros_like(value), value], -1)[..., 1]
        saved[f"module.{name}"] = value
    model.load_state_dict(state)
    torch.save({"epoch": 3, "loss": 0.25, "tags": ("a", None, True), "state_dict": saved}, FOLDER / "nested.pth")
    with torch.no_grad():
        logits = model(windows(2, 19, 64))
    return {"config": config, "batch": 2, "length": 64, "logits": logits.flatten().tolist()}


class Samples(nn.Module):
    """A logit per sample, shape [batch, 1, samples]."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(3, 4, 7, padding=3), nn.Conv1d(4, 1, 5, padding=2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


class Classes(nn.Module):
    """Two classes per window, shape [batch, 2]."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(3, 4, 7, padding=3), nn.Linear(4, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)).mean(-1))


def exported(model, name, metadata):
    path = FOLDER / f"{name}.onnx"
    x = windows(2, 3, 64)
    batch = {"eeg": {0: "batch"}, "answer": {0: "batch"}}
    names = {"input_names": ["eeg"], "output_names": ["answer"]}
    torch.onnx.export(fill(model), (x,), path, dynamo=False, opset_version=18, dynamic_axes=batch, **names)
    file = onnx.load(path)
    onnx.helper.set_model_props(file, metadata)
    onnx.save(file, path)
    with torch.no_grad():
        return {"batch": 2, "length": 64, "answer": model(x).flatten().tolist()}


def main():
    torch.backends.mha.set_fastpath_enabled(False)
    values = {"versions": {"python": platform.python_version(), "torch": torch.__version__, "onnx": onnx.__version__}}
    values["published"] = published()
    values["nested"] = nested()
    metadata = {"channels": "Cz,Fp1,O2", "sample_rate_hz": "32", "window_seconds": "2", "output": "logit"}
    values["samples"] = exported(Samples(), "samples", metadata)
    values["classes"] = exported(Classes(), "classes", {})
    torch.save(nn.Linear(2, 2), FOLDER / "module.pth")
    torch.save({"a": torch.ones(2)}, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    (FOLDER / "imported.json").write_text(json.dumps(values, separators=(",", ":")) + "\n")
    print(values["versions"], np.std(values["published"]["logits"]), np.std(values["nested"]["logits"]))


if __name__ == "__main__":
    main()
