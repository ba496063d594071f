"""EEGNet, SeizureTransformer and one Mamba-2 block in PyTorch, small, for the tests of src/model to compare with.

Run where torch, numpy and safetensors are installed, with Python 3.11 or later and -P, which keeps this folder (and its
signal.py) off the import path: python -P test/reference/detectors.py. Writes to test/fixtures/model/, as detector.py does,
whose Mamba-2 recurrence and starting values it shares: weights, gradients and new running statistics as safetensors,
sizes, logits and versions as JSON. Everything is computed in float64.

The architectures are written from the papers: Lawhern et al. 2018 (with a convolution in place of the dense layer, as
src/model/detectors/eegnet.ts says) and Wu et al. 2025, whose transformer is PyTorch's own.
"""

import importlib.util
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("detector", HERE / "detector.py")
shared = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shared)

EEGNET = {
    "name": "eegnet",
    "inputChannels": 5,
    "temporalFilters": 3,
    "depth": 2,
    "pointwiseFilters": 4,
    "temporalKernel": 16,
    "separableKernel": 6,
    "pools": [4, 2],
    "headKernel": 3,
    "dropout": 0,
}
TRANSFORMER = {
    "name": "seizure_transformer",
    "inputChannels": 4,
    "channels": [4, 6, 8],
    "kernels": [7, 5, 3],
    "decoderKernels": [3, 3, 5],
    "residualKernels": [3, 2],
    "layers": 2,
    "heads": 2,
    "feedForward": 12,
    "headKernel": 5,
    "dropout": 0,
}
BLOCK = {"modelSize": 16, "stateSize": 4, "convolution": 4, "expand": 2, "headSize": 8, "chunk": 16}


class EegNet(nn.Module):
    def __init__(self, c):
        super().__init__()
        bands, spatial = c["temporalFilters"], c["temporalFilters"] * c["depth"]
        out, eps = c["pointwiseFilters"], 1e-3
        self.conv_temporal = nn.Conv2d(1, bands, (1, c["temporalKernel"]), padding="same", bias=False)
        self.bnorm_temporal = nn.BatchNorm2d(bands, eps=eps)
        self.conv_spatial = nn.Conv2d(bands, spatial, (c["inputChannels"], 1), groups=bands, bias=False)
        self.bnorm_1 = nn.BatchNorm2d(spatial, eps=eps)
        self.conv_separable_depth = nn.Conv2d(
            spatial, spatial, (1, c["separableKernel"]), padding="same", groups=spatial, bias=False
        )
        self.conv_separable_point = nn.Conv2d(spatial, out, 1, bias=False)
        self.bnorm_2 = nn.BatchNorm2d(out, eps=eps)
        self.final_layer = nn.Conv1d(out, 1, c["headKernel"], padding=c["headKernel"] // 2)
        self.pools = c["pools"]

    def forward(self, x):
        x = self.bnorm_temporal(self.conv_temporal(x[:, None]))
        x = F.avg_pool2d(F.elu(self.bnorm_1(self.conv_spatial(x))), (1, self.pools[0]))
        x = self.conv_separable_point(self.conv_separable_depth(x))
        x = F.avg_pool2d(F.elu(self.bnorm_2(x)), (1, self.pools[1]))
        return self.final_layer(x[:, :, 0])[:, 0]


class Convolutions(nn.Module):
    def __init__(self, inputs, outputs, kernels):
        super().__init__()
        before = [inputs, *outputs[:-1]]
        self.convs = nn.ModuleList(nn.Conv1d(a, b, k, padding=k // 2) for a, b, k in zip(before, outputs, kernels))


class Residual(nn.Module):
    def __init__(self, size, kernel):
        super().__init__()
        self.norm1, self.norm2 = (nn.BatchNorm1d(size, eps=1e-3) for _ in range(2))
        self.conv1, self.conv2 = (nn.Conv1d(size, size, kernel) for _ in range(2))
        self.around = ((kernel - 1) // 2, kernel // 2)

    def forward(self, x):
        y = self.conv1(F.pad(F.relu(self.norm1(x)), self.around))
        return x + self.conv2(F.pad(F.relu(self.norm2(y)), self.around))


class Stack(nn.Module):
    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)


class SeizureTransformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        channels, size = c["channels"], c["channels"][-1]
        self.encoder = Convolutions(c["inputChannels"], channels, c["kernels"])
        self.res_cnn_stack = Stack(Residual(size, k) for k in c["residualKernels"])
        layer = nn.TransformerEncoderLayer(size, c["heads"], c["feedForward"], c["dropout"], batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layer, c["layers"], enable_nested_tensor=False)
        self.decoder_d = Convolutions(size, channels[::-1], c["decoderKernels"])
        self.conv_d = nn.Conv1d(channels[0], 1, c["headKernel"], padding=c["headKernel"] // 2)

    def forward(self, x):
        skips = []
        for conv in self.encoder.convs:
            x = F.elu(conv(x))
            skips.append(x)
            x = F.max_pool1d(x, 2)
        for member in self.res_cnn_stack.members:
            x = member(x)
        size, positions = x.shape[1:]
        angle = torch.arange(positions)[:, None] * torch.exp(torch.arange(0, size, 2) * (-math.log(10000.0) / size))
        encoding = torch.stack([angle.sin(), angle.cos()], -1).reshape(positions, size)
        x = x + self.transformer_encoder(x.transpose(1, 2) + encoding).transpose(1, 2)
        for conv, skip in zip(self.decoder_d.convs, skips[::-1]):
            x = F.elu(conv(x.repeat_interleave(2, -1))) + skip
        return self.conv_d(x)[:, 0]


def parameters_at_full_size():
    """Of SeizureTransformer as published, without and with the template layer that its state_dict holds."""
    full = {"inputChannels": 19, "channels": [32, 64, 128, 256, 512], "kernels": [11, 9, 7, 7, 5], "headKernel": 11}
    full |= {"decoderKernels": [3, 5, 5, 7, 7], "residualKernels": [3, 3, 3, 3, 2, 3, 2], "dropout": 0.1}
    full |= {"layers": 8, "heads": 4, "feedForward": 2048}
    count = lambda module: sum(p.numel() for p in module.parameters())
    with torch.device("meta"):
        model = SeizureTransformer(full)
    return [count(model), count(model) + count(model.transformer_encoder.layers[0])]


def store(name, model, config, x, extra=None):
    """Logits in evaluation and training, gradients of their product with noise, new running statistics."""
    shared.fill(model)
    state = {k: v.clone() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad():
        evaluation = model(x)
    model.train()
    x = x.clone().requires_grad_()
    training = model(x)
    pull = torch.from_numpy(shared.noise(training.numel(), 2000)).view(training.shape)
    (training * pull).sum().backward()
    buffers = {k: v for k, v in model.state_dict().items() if "running" in k}
    gradients = {k: p.grad for k, p in model.named_parameters()} | buffers
    shared.save(f"{name}.safetensors", state)
    shared.save(f"{name}-gradients.safetensors", gradients | {"x": x.grad})
    values = {"versions": shared.VERSIONS, "config": config, "batch": x.shape[0], "length": x.shape[-1], **(extra or {})}
    logits = {"evaluation": evaluation.flatten().tolist(), "training": training.flatten().tolist()}
    text = json.dumps({**values, **logits}, separators=(",", ":"))
    (shared.FOLDER / f"{name}.json").write_text(text + "\n")
    print(name, sum(p.numel() for p in model.parameters()), "parameters,", training.std().item())


class Block(shared.Mamba2):
    """One Mamba-2 block on [B, D, L], the layout of the detectors' inputs."""

    def forward(self, u):
        return super().forward(u.transpose(1, 2)).transpose(1, 2)


def main():
    full = parameters_at_full_size()
    torch.set_default_dtype(torch.float64)
    window = lambda channels, length: torch.from_numpy(shared.noise(2 * channels * length, 1000)).view(2, channels, length)
    store("eegnet", EegNet(EEGNET), EEGNET, window(5, 96))
    transformer = SeizureTransformer(TRANSFORMER)
    store("seizure-transformer", transformer, TRANSFORMER, window(4, 64), {"fullParameters": full})
    sizes = [BLOCK[key] for key in ("modelSize", "stateSize", "convolution", "expand", "headSize")]
    store("mamba2", Block(*sizes), BLOCK, window(BLOCK["modelSize"], 50))


if __name__ == "__main__":
    main()
