"""The token-level reward model of OREAL (Lyu et al. 2025, arXiv 2502.06781, §2.4): a scalar w_t from the hidden state of
each completion token; loss the mean over sequences of BCE(σ(mean of w_t), r), r in {0, 1}.

The trunk begins as a policy's, the head as zeros; saved as transformers' sequence classification with one label.
"""

import json
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from batches import inputs_of, length, pack
from model import computing, decoder
from optimizer import Optimizer, require_finite
from output import commit, fresh_directory, weights_version


def open_reward(job, world):
    if world.size > 1:
        raise ValueError("the reward model is trained by one process; set policy.trainer.processes = 1")
    config = AutoConfig.from_pretrained(job["from"])
    fresh = not any("SequenceClassification" in name for name in config.architectures or [])
    model = AutoModelForSequenceClassification.from_pretrained(job["from"], num_labels=1, dtype=torch.float32)
    if fresh:
        torch.nn.init.zeros_(model.score.weight)
    return model.to(world.device)


def token_rewards(model, rows, job, world):
    """A list of [T] tensors, one a row."""
    ids, mask = inputs_of(rows, world.device)
    with computing(job, world):
        hidden = decoder(model)(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        values = model.score(hidden)[..., 0].float()
    starts = [len(row["promptTokens"]) for row in rows]
    return [values[i, start : length(row)] for i, (row, start) in enumerate(zip(rows, starts, strict=True))]


def reward_loss(model, rows, total, job, world):
    """This micro-batch's part of the mean over `total` rows."""
    means = torch.stack([reward.mean() for reward in token_rewards(model, rows, job, world)])
    labels = torch.tensor([float(row["reward"]) for row in rows], device=world.device)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(means, labels, reduction="sum")
    return entropy / total


def learn_reward(job, world, events):
    steps = json.loads(Path(job["examples"]).read_text())
    model = open_reward(job, world)
    optimizer = Optimizer(model, job["settings"], len(steps))
    metrics = []
    for index, rows in enumerate(steps):
        optimizer.zero()
        total = 0.0
        for batch in pack(rows, job["microBatchTokens"]):
            loss = reward_loss(model, batch, len(rows), job, world)
            loss.backward()
            total += loss.item()
        norm = optimizer.gradient_norm()
        require_finite(f"step {index + 1} of the reward model", total, norm)
        optimizer.step(norm)
        metrics.append(dict(loss=total, gradNorm=norm, tokens=sum(length(row) for row in rows)))
        events.send("step", step=index + 1, steps=len(steps), **metrics[-1])
    fresh = fresh_directory(Path(job["out"]))
    model.save_pretrained(fresh)
    commit(fresh, Path(job["out"]), dict(version=weights_version(fresh), parent=job["parent"], metrics=metrics))
    events.send("done", steps=len(metrics), seconds=0)


@torch.no_grad()
def score_reward(job, world, events):
    sequences = json.loads(Path(job["sequences"]).read_text())
    model = open_reward(job, world)
    found = [token_rewards(model, [row], job, world)[0].tolist() for row in sequences]
    Path(job["out"]).write_text(json.dumps(found))
    events.send("done", steps=0, seconds=0)
