"""AdamW as PyTorch has it, with the bundle's warm-up, schedule and global clip (src/policy/onnx/adamw.ts).

Weight decay is on matrices only. The state is kept from round to round; each bundle begins its schedule anew.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.distributed.tensor import DTensor, distribute_tensor

from model import learnt


class Refused(Exception):
    """A loss or gradient that is not a number: nothing was written, the old weights stay."""


def require_finite(what, loss, norm):
    if not math.isfinite(loss) or not math.isfinite(norm):
        raise Refused(f"{what}: loss {loss}, gradient norm {norm}; the weights are unchanged")


class Optimizer:
    def __init__(self, model, settings, total_steps):
        self._settings, self._total = settings, total_steps
        self._parameters = learnt(model)
        groups = [
            dict(params=[p for _, p in self._parameters if p.dim() > 1], weight_decay=settings["weightDecay"]),
            dict(params=[p for _, p in self._parameters if p.dim() <= 1], weight_decay=0.0),
        ]
        groups = [group for group in groups if group["params"]]
        self._adamw = torch.optim.AdamW(groups, betas=tuple(settings["betas"]), eps=settings["epsilon"])
        self._step = 0

    def gradient_norm(self):
        grads = [p.grad for _, p in self._parameters if p.grad is not None]
        norms = [_whole(torch.linalg.vector_norm(grad, dtype=torch.float32)) for grad in grads]
        return torch.linalg.vector_norm(torch.stack(norms)).item() if norms else 0.0

    def step(self, norm):
        scale = min(1.0, self._settings["clipNorm"] / (norm + 1e-6))
        for _, parameter in self._parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(scale)
        for group in self._adamw.param_groups:
            group["lr"] = learning_rate_at(self._settings, self._step, self._total)
        self._adamw.step()
        self._step += 1

    def zero(self):
        self._adamw.zero_grad(set_to_none=True)

    def load(self, directory):
        """Goes on with moments saved before. Each process takes its part of the whole tensors."""
        state = load_file(Path(directory, "moments.safetensors"))
        for name, parameter in self._parameters:
            if f"first/{name}" not in state:
                continue
            self._adamw.state[parameter] = dict(
                step=torch.tensor(json.loads(Path(directory, "optimizer.json").read_text())["step"], dtype=torch.float32),
                exp_avg=_like(state[f"first/{name}"], parameter),
                exp_avg_sq=_like(state[f"second/{name}"], parameter),
            )

    def save(self, directory, first):
        """Every process calls; the first one writes."""
        tensors, steps = {}, 0
        for name, parameter in self._parameters:
            state = self._adamw.state.get(parameter)
            if not state:
                continue
            steps = int(state["step"])
            for key, moment in (("first", state["exp_avg"]), ("second", state["exp_avg_sq"])):
                whole = _whole(moment)
                if first:
                    tensors[f"{key}/{name}"] = whole.cpu().contiguous()
        if not first:
            return
        Path(directory).mkdir(parents=True)
        save_file(tensors, Path(directory, "moments.safetensors"))
        Path(directory, "optimizer.json").write_text(json.dumps(dict(step=steps)) + "\n")


def _whole(tensor):
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _like(whole, parameter):
    data = parameter.data
    whole = whole.to(data.device, data.dtype)
    return distribute_tensor(whole, data.device_mesh, data.placements) if isinstance(data, DTensor) else whole


def learning_rate_at(settings, step, total):
    """Rises linearly over the warm-up, then stays, or falls to 0 at `total` along a line or half a cosine."""
    peak, warmup = settings["learningRate"], settings["warmupSteps"]
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    if settings["schedule"] == "linear":
        return peak * (1 - progress)
    if settings["schedule"] == "cosine":
        return peak * 0.5 * (1 + math.cos(math.pi * progress))
    return peak
