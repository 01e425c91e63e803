"""Reference values for reference.test.ts, from transformers' decoders and PyTorch's autograd and AdamW.

    pip install torch transformers
    python make_reference.py [--out DIR] [CASE ...]

writes one directory a case (default all of them) into DIR, by default beside this file: a checkpoint in Hugging Face layout, `expected.json` (rows, loss, log-probs,
greedy continuation with the logits of some of its steps), and safetensors with every gradient and with the weights after ten AdamW steps.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

LLAMA3_ROPE = dict(
    rope_type="llama3",
    rope_theta=500.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=16,
)
LINEAR_ROPE = dict(rope_type="linear", rope_theta=500.0, factor=3.0)
CASES = {
    "grouped-untied": (LlamaConfig, dict(num_key_value_heads=2, tie_word_embeddings=False, head_dim=8)),
    "plain-tied": (LlamaConfig, dict(num_key_value_heads=4, tie_word_embeddings=True)),
    "llama3-rope-biases": (
        LlamaConfig,
        dict(num_key_value_heads=1, tie_word_embeddings=True, head_dim=8, attention_bias=True, rope_parameters=LLAMA3_ROPE),
    ),
    "qwen2": (Qwen2Config, dict(num_key_value_heads=2, tie_word_embeddings=True, use_sliding_window=False)),
    "qwen3": (Qwen3Config, dict(num_key_value_heads=2, tie_word_embeddings=False, head_dim=6)),
    "linear-rope": (
        LlamaConfig,
        dict(num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=LINEAR_ROPE),
    ),
}
# These have plain rows; the others also carry ratios and all KL estimators.
PLAIN = ("grouped-untied", "plain-tied", "linear-rope")
# Whose logits are kept of a greedy continuation: the prompt's, the next and the last token's.
KEPT = (0, 1, 19)
RATIOS = (
    "none",
    dict(kind="ppo-clip", low=0.2, high=0.28),
    dict(kind="ppo-clip", low=0.2, high=0.2, dual=1.5),
    dict(kind="topr", low=0.0, high=1.0),
)
OPTIMIZER = dict(lr=3e-3, betas=(0.9, 0.95), eps=1e-8)
WEIGHT_DECAY = 0.1
CLIP = 1.0


def make_model(config_class, extra):
    config = config_class(
        vocab_size=24,
        hidden_size=16,
        intermediate_size=20,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        bos_token_id=None,
        pad_token_id=None,
        eos_token_id=0,
        **extra,
    )
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2 + (1.0 if parameter.dim() == 1 else 0.0))
    return model


def make_rows(rng, count):
    rows = []
    for i in range(count):
        tokens = [rng.randrange(24) for _ in range(rng.randint(2, 9))]
        kl = 0.0 if i % 2 == 0 else 0.3
        rows.append(
            dict(
                id=f"row {i}",
                promptTokens=[rng.randrange(24) for _ in range(rng.randint(1, 6))],
                tokens=tokens,
                weights=[rng.uniform(-1, 1) for _ in tokens],
                samplerLogprobs=[],
                klCoef=kl,
                refLogprobs=[] if kl == 0 else [-1 - 3 * rng.random() for _ in tokens],
            )
        )
    return rows


def add_ratios(model, rows, rng):
    """Samplers near the policy, so that tokens fall inside and outside of every bound."""
    for i, row in enumerate(rows):
        row["samplerLogprobs"] = [lp + rng.gauss(0, 0.4) for lp in log_probs(model, row).tolist()]
        row["ratio"] = RATIOS[i % len(RATIOS)]
        row["klEstimator"] = ("k1", "k2", "k3")[i // 2 % 3]


def log_probs(model, row):
    ids = torch.tensor([row["promptTokens"] + row["tokens"]])
    logits = model(ids[:, :-1]).logits[0]
    start = len(row["promptTokens"]) - 1
    targets = torch.tensor(row["tokens"])
    return torch.log_softmax(logits[start:], -1).gather(1, targets[:, None])[:, 0]


def bundle_loss(model, rows):
    loss = torch.zeros(())
    for row in rows:
        lp = log_probs(model, row)
        loss = loss + policy_loss(row, lp).sum()
        if row["klCoef"]:
            d = torch.tensor(row["refLogprobs"]) - lp
            estimators = dict(k1=-d, k2=d * d / 2, k3=d.exp() - d - 1)
            loss = loss + row["klCoef"] * estimators[row.get("klEstimator", "k3")].sum()
    return loss


def policy_loss(row, lp):
    w = torch.tensor(row["weights"])
    ratio = row.get("ratio", "none")
    if ratio == "none":
        return -w * lp
    apart = lp - torch.tensor(row["samplerLogprobs"])
    if ratio["kind"] == "topr":
        taper = apart.sum().exp().clamp(ratio["low"], ratio["high"]).detach()
        return -w * torch.where(w < 0, taper, 1.0) * lp
    r = apart.exp()
    gain = torch.minimum(r * w, r.clamp(1 - ratio["low"], 1 + ratio["high"]) * w)
    if "dual" in ratio:
        gain = torch.where(w < 0, torch.maximum(gain, ratio["dual"] * w), gain)
    return -gain


def named(model, of):
    return {name: of(p).detach().clone().contiguous() for name, p in model.named_parameters()}


def greedy(model, prompt, length):
    ids = list(prompt)
    kept = []
    for step in range(length):
        logits = model(torch.tensor([ids])).logits[0, -1]
        if step in KEPT:
            kept.append(logits.tolist())
        ids.append(int(logits.argmax()))
    return dict(promptTokens=prompt, tokens=ids[len(prompt) :], logits=kept)


def learnt(model):
    return [p for p in model.parameters() if p.requires_grad]


def ten_steps(model, rows):
    groups = [
        dict(params=[p for p in learnt(model) if p.dim() > 1], weight_decay=WEIGHT_DECAY),
        dict(params=[p for p in learnt(model) if p.dim() == 1], weight_decay=0.0),
    ]
    optimizer = torch.optim.AdamW(groups, **OPTIMIZER)
    for _ in range(10):
        optimizer.zero_grad()
        bundle_loss(model, rows).backward()
        torch.nn.utils.clip_grad_norm_(learnt(model), CLIP)
        optimizer.step()


def write_case(name, index, out):
    config_class, extra = CASES[name]
    torch.manual_seed(index)
    rng = random.Random(index)
    rows = make_rows(rng, 6 if name in PLAIN else 12)
    model = make_model(config_class, extra)
    if name not in PLAIN:
        add_ratios(model, rows, rng)
    out.mkdir(exist_ok=True, parents=True)
    model.save_pretrained(out)
    loss = bundle_loss(model, rows)
    loss.backward()
    save_file(named(model, lambda p: p.grad), out / "gradients.safetensors")
    expected = dict(
        rows=rows,
        loss=loss.item(),
        logprobs=[log_probs(model, row).tolist() for row in rows],
        greedy=greedy(model, [5, 6, 7], 20),
    )
    (out / "expected.json").write_text(json.dumps(expected) + "\n")
    ten_steps(model, rows)
    save_file(named(model, lambda p: p), out / "after-ten-steps.safetensors")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    arguments = parser.parse_args()
    for name in arguments.cases:
        write_case(name, list(CASES).index(name), arguments.out / name)


if __name__ == "__main__":
    main()
