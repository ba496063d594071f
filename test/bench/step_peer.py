"""PyTorch's side of step.bench.ts: the same mathematics on the CPU, one measurement a process.

python -P test/bench/step_peer.py WORK THREADS ROUNDS prints one JSON line. The detector is the one of
test/reference/detector.py with its recurrence replaced by the chunked products of src/model/mamba2.ts.
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).resolve().parent.parent / "reference"))
import detector as reference  # noqa: E402

CHUNK = 64
FULL = {
    "inputChannels": 19,
    "baseChannels": 64,
    "stages": 4,
    "residualBlocks": 3,
    "residualKernels": [3, 5, 7],
    "mambaLayers": 6,
    "stateSize": 16,
    "mambaConvolution": 4,
    "expand": 2,
    "headSize": 64,
}
PARAMETERS = 32_606_439


def segment_decay(decays):
    """exp of the sums over j < k <= i, zero above the diagonal: [..., Q] to [..., Q, Q]."""
    size = decays.shape[-1]
    spread = decays[..., None].expand(*decays.shape, size)
    below = torch.ones(size, size, dtype=torch.bool).tril(-1)
    sums = spread.masked_fill(~below, 0).cumsum(-2)
    return torch.exp(sums).masked_fill(~torch.ones(size, size, dtype=torch.bool).tril(), 0)


def state_space(x, decay, into, out_of):
    batch, length, heads, width = x.shape
    chunks, states = length // CHUNK, into.shape[-1]
    x = x.view(batch, chunks, CHUNK, heads, width)
    into, out_of = (t.view(batch, chunks, CHUNK, states) for t in (into, out_of))
    decays = decay.view(batch, chunks, CHUNK, heads).permute(0, 1, 3, 2)
    summed = decays.cumsum(-1)
    scores = out_of @ into.transpose(-1, -2)
    by_head = x.permute(0, 1, 3, 2, 4)
    inside = (segment_decay(decays) * scores[:, :, None]) @ by_head
    leaving = by_head * torch.exp(summed[..., -1:] - summed)[..., None]
    left = leaving.transpose(-1, -2) @ into[:, :, None]
    across = segment_decay(F.pad(summed[..., -1].transpose(1, 2), (1, 0)))[..., :-1, 1:]
    carried = (across @ left.transpose(1, 2).reshape(batch, heads, chunks, -1)).view(batch, heads, chunks, width, states)
    entering = carried.transpose(1, 2)
    outside = (out_of[:, :, None] @ entering.transpose(-1, -2)) * torch.exp(summed)[..., None]
    return (inside + outside).permute(0, 1, 3, 2, 4).reshape(batch, length, heads, width)


class Mamba2(reference.Mamba2):
    def forward(self, u):
        batch, length, _ = u.shape
        gate, mixture, step = self.in_proj(u).split([self.inner, self.inner + 2 * self.states, self.heads], -1)
        mixture = F.silu(self.conv1d(mixture.transpose(1, 2))[..., :length].transpose(1, 2))
        x, into, out_of = mixture.split([self.inner, self.states, self.states], -1)
        x = x.reshape(batch, length, self.heads, self.head)
        delta = F.softplus(step + self.dt_bias)
        y = state_space(x * delta[..., None], -torch.exp(self.A_log) * delta, into, out_of) + self.D[:, None] * x
        return self.out_proj(self.norm(y.reshape(batch, length, self.inner) * F.silu(gate)))


def full_detector():
    reference.Mamba2 = Mamba2
    model = reference.SeizureDetector(FULL)
    with torch.no_grad():
        reference.fill(model)
    count = sum(p.numel() for p in model.parameters())
    if count != PARAMETERS:
        raise SystemExit(f"the detector has {count} parameters, expected {PARAMETERS}")
    return model


def detector_step():
    model = full_detector()
    x, y = torch.randn(2, 19, 15360), (torch.rand(2, 15360) < 0.3).float()
    adam = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.05)

    def step():
        adam.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()

    return step


def mamba_block():
    block = Mamba2(512, 16, 4, 2, 64)
    with torch.no_grad():
        reference.fill(block)
    u, pull = torch.randn(4, 960, 512, requires_grad=True), torch.randn(4, 960, 512)

    def step():
        block.zero_grad()
        u.grad = None
        (block(u) * pull).sum().backward()

    return step


def convolutions():
    layers = []
    for _ in range(4):
        layers += [torch.nn.Conv1d(64, 64, 5, padding="same", bias=False), torch.nn.BatchNorm1d(64), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Conv1d(64, 1, 1, bias=False))
    x, y = torch.randn(8, 64, 3840), torch.randn(8, 1, 3840)
    descent = torch.optim.SGD(net.parameters(), lr=0.01)

    def step():
        descent.zero_grad()
        F.mse_loss(net(x), y).backward()
        descent.step()

    return step


def hour():
    model = full_detector().eval()
    windows = torch.randn(60, 1, 19, 15360)

    def step():
        with torch.inference_mode():
            for x in windows:
                torch.sigmoid(model(x))

    return step


WORKS = {"detector": detector_step, "mamba": mamba_block, "convolutions": convolutions, "hour": hour}


def main():
    work, threads, warm_up, rounds = sys.argv[1], *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    started = time.perf_counter()
    step = WORKS[work]()
    ready = time.perf_counter() - started
    wall, cpu = [], []
    for round_number in range(warm_up + rounds):
        start, start_cpu = time.perf_counter(), time.process_time()
        step()
        if round_number >= warm_up:
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - start_cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"readySeconds": ready, "wallSeconds": wall, "cpuSeconds": cpu, "peakBytes": peak}))


main()
