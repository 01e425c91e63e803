"""The trainer: one job, a JSON file named on the command line, read, done and committed, or nothing changed at all.

learn    the bundle's steps, in order; new weights and optimiser state to `out`
score    log-probs of `sequences`, to the JSON file `out`
Each task also exists for the token-level reward model: reward-learn, reward-score (reward.py).

Exit 0 done; 3 refused: a loss, a gradient or what the new weights say was NaN or infinite and no output was written; 1 failed.
"""

import json
import math
import os
import sys
import time
import traceback
from pathlib import Path

import torch

from batches import completion_logprobs, length, pack
from bundle import read_bundle
from events import Events
from loss import bundle_loss, token_terms
from model import World, computing, open_model, save_weights
from optimizer import Optimizer, Refused, require_finite
from output import commit, fresh_directory, weights_version
from reward import learn_reward, score_reward

REFUSED = 3
WITNESSES = 4
# Rows among which the witnesses are chosen: each costs two forward passes.
CANDIDATES = 16


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    world = World(job.get("device", "auto"))
    events = Events(world.first)
    tasks = {"learn": learn, "score": score, "reward-learn": learn_reward, "reward-score": score_reward}
    try:
        tasks[job["task"]](job, world, events)
    except Refused as refusal:
        events.send("refused", reason=str(refusal))
        return REFUSED
    except Exception as error:
        events.send("failed", reason=f"{type(error).__name__}: {error}")
        traceback.print_exc()
        return 1
    finally:
        world.close()
    return 0


def learn(job, world, events):
    bundle = read_bundle(job["bundle"])
    model = open_model(job, world)
    optimizer = Optimizer(model, bundle["optimizer"], len(bundle["steps"]))
    if job.get("optimizer") is not None:
        optimizer.load(job["optimizer"])
    candidates = spread([row for step in bundle["steps"] for row in step], CANDIDATES)
    before = scores(model, candidates, job, world)
    begun = time.monotonic()
    metrics = []
    for index, rows in enumerate(bundle["steps"]):
        metrics.append(learn_step(model, optimizer, rows, job, world, f"step {index + 1}"))
        events.send("step", step=index + 1, steps=len(bundle["steps"]), **metrics[-1])
    after = scores(model, candidates, job, world)
    for row, b, a in zip(candidates, before, after, strict=True):
        if not all(map(math.isfinite, b + a)):
            raise Refused(f"row {row['id']}: log-probs that are not finite, {b} before the update and {a} after it; the weights are unchanged")
    report = dict(steps=len(metrics), seconds=time.monotonic() - begun)
    marker = dict(
        parent=job["parent"],
        bundle=bundle["hash"],
        metrics=metrics,
        witnesses=most_moved(
            dict(promptTokens=row["promptTokens"], tokens=row["tokens"], before=b, after=a)
            for row, b, a in zip(candidates, before, after, strict=True)
        ),
        **report,
    )
    write(job, world, model, optimizer, marker)
    events.send("done", **report)


def spread(rows, most):
    """At most so many, evenly over all."""
    return [rows[i * len(rows) // most] for i in range(most)] if len(rows) > most else rows


def most_moved(candidates):
    """Those by which old and new weights are told apart best, in the order they came."""
    candidates = list(candidates)
    ranked = sorted(range(len(candidates)), key=lambda i: -moved(candidates[i]))
    return [candidates[i] for i in sorted(ranked[:WITNESSES])]


def moved(witness):
    pairs = list(zip(witness["before"], witness["after"], strict=True))
    return sum(abs(b - a) for b, a in pairs) / len(pairs)


def learn_step(model, optimizer, rows, job, world, what):
    """One optimiser step on the sum of its rows' losses, in micro-batches, each process on its part of the rows."""
    optimizer.zero()
    total = 0.0
    for batch in shares(rows, job, world):
        with computing(job, world):
            logprobs = completion_logprobs(model, batch, world.device)
        loss = bundle_loss(logprobs, token_terms(batch, world.device))
        (loss * world.size).backward()
        total += loss.item()
    (loss,) = world.sum(total)
    norm = optimizer.gradient_norm()
    require_finite(f"{what} ({len(rows)} rows, first: {rows[0]['id']})", loss, norm)
    optimizer.step(norm)
    return dict(loss=loss, gradNorm=norm, tokens=sum(length(row) for row in rows))


def shares(rows, job, world):
    """This process's micro-batches. All processes have equally many, for FSDP runs them together: who has none left
    repeats a row without weight."""
    batches = pack(rows, job["microBatchTokens"])
    rounds = -(-len(batches) // world.size)
    mine = batches[world.rank :: world.size]
    idle = weightless(rows[0])
    return mine + [[idle]] * (rounds - len(mine))


def weightless(row):
    return dict(row, weights=[0.0] * len(row["tokens"]), ratio="none", klCoef=0)


@torch.no_grad()
def scores(model, rows, job, world):
    """Log-probs of each row's completion. Every process computes all of them: with FSDP they must run together."""
    found = []
    for row in rows:
        with computing(job, world):
            found.append(completion_logprobs(model, [row], world.device).tolist())
    return found


def score(job, world, events):
    sequences = json.loads(Path(job["sequences"]).read_text())
    model = open_model(job, world)
    found = scores(model, sequences, job, world)
    if world.first:
        path = Path(job["out"])
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(found, allow_nan=False))
        os.rename(partial, path)
    events.send("done", steps=0, seconds=0)


def write(job, world, model, optimizer, marker):
    target = Path(job["out"])
    fresh = fresh_directory(target) if world.first else None
    save_weights(model, job, world, fresh)
    optimizer.save(fresh / "optimizer" if world.first else None, world.first)
    if world.first:
        lines = (json.dumps(dict(step=i + 1, **metric)) for i, metric in enumerate(marker["metrics"]))
        (fresh / "metrics.jsonl").write_text("".join(f"{line}\n" for line in lines))
        commit(fresh, target, dict(version=weights_version(fresh), **marker))
    world.wait()


if __name__ == "__main__":
    sys.exit(main())
