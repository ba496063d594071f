"""A small seizure detector in PyTorch, whose logits and gradients the tests of src/model and src/tensor compare with.

Run where torch, numpy and safetensors are installed, with Python 3.11 or later and -P, which keeps this folder (and its
signal.py) off the import path: python -P test/reference/detector.py. Writes to
test/fixtures/model/: weights as PyTorch names and stores them, gradients under the same names, and a JSON file with the
sizes, the logits and the versions. The state space layer is the plain recurrence, one position after the other, and
everything is computed in float64: another way than the chunked float32 products that it judges.
"""

import json
import platform
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "model"
VERSIONS = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
CONFIG = {
    "inputChannels": 19,
    "baseChannels": 8,
    "stages": 2,
    "residualBlocks": 1,
    "residualKernels": [3, 5, 7],
    "residualDropout": 0,
    "mambaLayers": 2,
    "stateSize": 4,
    "mambaConvolution": 4,
    "expand": 2,
    "headSize": 8,
    "chunk": 16,
    "mambaDropout": 0,
}
BATCH, LENGTH = 2, 200  # 50 positions for the state space layers: no multiple of the chunk


def noise(count, seed):
    """Numbers in [-1, 1) of a 32-bit congruential generator, which every language makes alike."""
    state, out = seed, np.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        out[i] = state / 2**31 - 1
    return out.astype(np.float32).astype(np.float64)


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm1d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Encoder(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.input_conv = ConvBlock(inputs, channels[0], 7)
        before = [channels[0], *channels[:-1]]
        self.encoder_blocks = nn.ModuleList(
            nn.Sequential(ConvBlock(a, b, 5), ConvBlock(b, b, 5)) for a, b in zip(before, channels)
        )
        self.downsample = nn.ModuleList(nn.Conv1d(c, c, 2, stride=2) for c in channels)

    def forward(self, x):
        x, skips = self.input_conv(x), []
        for blocks, down in zip(self.encoder_blocks, self.downsample):
            x = blocks(x)
            skips.append(x)
            x = down(x)
        return x, skips


class ResidualBlock(nn.Module):
    def __init__(self, channels, kernels):
        super().__init__()
        share = channels // len(kernels)
        sizes = [share] * (len(kernels) - 1) + [channels - share * (len(kernels) - 1)]
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv1d(channels, size, k, padding=k // 2), nn.BatchNorm1d(size), nn.ReLU())
            for size, k in zip(sizes, kernels)
        )
        self.fusion = nn.Sequential(nn.Conv1d(channels, channels, 1), nn.BatchNorm1d(channels))

    def forward(self, x):
        return F.relu(self.fusion(torch.cat([branch(x) for branch in self.branches], 1)) + x)


class ResidualStack(nn.Module):
    def __init__(self, channels, kernels, count):
        super().__init__()
        self.blocks = nn.ModuleList(ResidualBlock(channels, kernels) for _ in range(count))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class GatedNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Mamba2(nn.Module):
    """One direction; equations of Dao & Gu 2024 with a single group."""

    def __init__(self, size, states, width, expand, head):
        super().__init__()
        self.inner, self.states, self.head = size * expand, states, head
        self.heads = self.inner // head
        mixed = self.inner + 2 * states
        self.dt_bias = nn.Parameter(torch.empty(self.heads))
        self.A_log = nn.Parameter(torch.empty(self.heads))
        self.D = nn.Parameter(torch.empty(self.heads))
        self.in_proj = nn.Linear(size, self.inner + mixed + self.heads, bias=False)
        self.conv1d = nn.Conv1d(mixed, mixed, width, groups=mixed, padding=width - 1)
        self.norm = GatedNorm(self.inner)
        self.out_proj = nn.Linear(self.inner, size, bias=False)

    def forward(self, u):
        batch, length, _ = u.shape
        gate, mixture, step = self.in_proj(u).split([self.inner, self.inner + 2 * self.states, self.heads], -1)
        mixture = F.silu(self.conv1d(mixture.transpose(1, 2))[..., :length].transpose(1, 2))
        x, into, out_of = mixture.split([self.inner, self.states, self.states], -1)
        x = x.view(batch, length, self.heads, self.head)
        delta = F.softplus(step + self.dt_bias)
        keep = torch.exp(-torch.exp(self.A_log) * delta)
        state = u.new_zeros(batch, self.heads, self.head, self.states)
        ys = []
        for t in range(length):
            fed = (delta[:, t, :, None] * x[:, t])[..., None] * into[:, t, None, None, :]
            state = keep[:, t, :, None, None] * state + fed
            ys.append((state * out_of[:, t, None, None, :]).sum(-1) + self.D[:, None] * x[:, t])
        y = torch.stack(ys, 1).reshape(batch, length, self.inner)
        return self.out_proj(self.norm(y * F.silu(gate)))


class Bidirectional(nn.Module):
    def __init__(self, size, *shape):
        super().__init__()
        self.forward_mamba_real = Mamba2(size, *shape)
        self.backward_mamba_real = Mamba2(size, *shape)
        self.output_proj = nn.Linear(2 * size, size)
        self.layer_norm = nn.LayerNorm(size)

    def forward(self, x):
        both = torch.cat([self.forward_mamba_real(x), self.backward_mamba_real(x.flip(1)).flip(1)], -1)
        return self.layer_norm(x + self.output_proj(both))


class Layers(nn.Module):
    def __init__(self, count, *shape):
        super().__init__()
        self.layers = nn.ModuleList(Bidirectional(*shape) for _ in range(count))

    def forward(self, x):
        x = x.transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        return x.transpose(1, 2)


class Decoder(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        deep = channels[::-1]
        shallow = [*deep[1:], channels[0]]
        self.upsample = nn.ModuleList(nn.ConvTranspose1d(a, b, 2, stride=2) for a, b in zip(deep, shallow))
        self.decoder_blocks = nn.ModuleList(
            nn.Sequential(ConvBlock(a + b, b, 5), ConvBlock(b, b, 5)) for a, b in zip(deep, shallow)
        )
        self.output_conv = nn.Conv1d(channels[0], outputs, 1)

    def forward(self, x, skips):
        for up, blocks, skip in zip(self.upsample, self.decoder_blocks, skips[::-1]):
            x = blocks(torch.cat([up(x), skip], 1))
        return self.output_conv(x)


class SeizureDetector(nn.Module):
    def __init__(self, c):
        super().__init__()
        channels = [c["baseChannels"] * 2**stage for stage in range(c["stages"])]
        deep = channels[-1]
        self.encoder = Encoder(c["inputChannels"], channels)
        self.rescnn = ResidualStack(deep, c["residualKernels"], c["residualBlocks"])
        self.mamba = Layers(c["mambaLayers"], deep, c["stateSize"], c["mambaConvolution"], c["expand"], c["headSize"])
        self.decoder = Decoder(channels, c["inputChannels"])
        self.detection_head = nn.Conv1d(c["inputChannels"], 1, 1)

    def forward(self, x):
        x, skips = self.encoder(x)
        return self.detection_head(self.decoder(self.mamba(self.rescnn(x)), skips))[:, 0]


def fill(model):
    """Weights of the size of a fresh network's, exact in float32; norms and running statistics off their defaults."""
    for seed, (name, value) in enumerate(sorted(model.state_dict().items()), start=1):
        if name.endswith("num_batches_tracked"):
            continue
        draw = torch.from_numpy(noise(value.numel(), seed)).view(value.shape)
        last = name.split(".")[-1]
        if last == "A_log":
            draw = 1.2 + draw
        elif last == "dt_bias":
            draw = -3 + draw
        elif last in ("D", "running_var") or (last == "weight" and value.dim() == 1):
            draw = 1 + 0.3 * draw
        elif last == "weight":
            draw = draw * (3 / (value.numel() / value.shape[0])) ** 0.5
        else:
            draw = 0.1 * draw
        value.copy_(draw.to(torch.float32))


def save(name, tensors):
    single = {key: value.detach().to(torch.float32).contiguous() for key, value in sorted(tensors.items())}
    safetensors.torch.save_file(single, FOLDER / name)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    model = SeizureDetector(CONFIG)
    fill(model)
    state = {k: v.clone() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    x = torch.from_numpy(noise(BATCH * CONFIG["inputChannels"] * LENGTH, 1000)).view(BATCH, -1, LENGTH)
    pull = torch.from_numpy(noise(BATCH * LENGTH, 2000)).view(BATCH, LENGTH)
    model.eval()
    with torch.no_grad():
        evaluation = model(x)
    model.train()
    training = model(x)
    (training * pull).sum().backward()
    buffers = {k: v for k, v in model.state_dict().items() if "running" in k}
    save("detector.safetensors", state)
    save("detector-gradients.safetensors", {k: p.grad for k, p in model.named_parameters()} | buffers)
    values = {"versions": VERSIONS, "config": CONFIG, "batch": BATCH, "length": LENGTH}
    logits = {"evaluation": evaluation.flatten().tolist(), "training": training.flatten().tolist()}
    (FOLDER / "detector.json").write_text(json.dumps({**values, **logits}, separators=(",", ":")) + "\n")
    print(sum(p.numel() for p in model.parameters()), "parameters,", evaluation.std().item(), training.std().item())


if __name__ == "__main__":
    main()
