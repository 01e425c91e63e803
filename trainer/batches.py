"""Rows as right-padded micro-batches of similar length, and the log-probs of their completion tokens out of a model."""

import torch


def pack(rows, budget):
    """Groups rows by length so that rows × padded length stays within `budget` tokens; a longer row goes alone."""
    order = sorted(range(len(rows)), key=lambda i: -length(rows[i]))
    batches = []
    while order:
        fit = max(1, budget // length(rows[order[0]]))
        batches.append([rows[i] for i in order[:fit]])
        order = order[fit:]
    return batches


def length(row):
    return len(row["promptTokens"]) + len(row["tokens"])


def inputs_of(rows, device):
    """What a model is fed: ids and mask [B, L]."""
    longest = max(length(row) for row in rows)
    ids = [row["promptTokens"] + row["tokens"] for row in rows]
    pad = lambda values, filler: values + [filler] * (longest - len(values))  # noqa: E731
    return (
        torch.tensor([pad(row, 0) for row in ids], device=device),
        torch.tensor([pad([1] * len(row), 0) for row in ids], device=device),
    )


def completion_logprobs(model, rows, device):
    """float32 [M]: one a completion token, row after row. Logits are only computed from the first completion on."""
    ids, mask = inputs_of(rows, device)
    first = min(len(row["promptTokens"]) for row in rows) - 1
    keep = ids.shape[1] - first
    logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=keep, use_cache=False).logits
    where_row, where_place, targets = [], [], []
    for i, row in enumerate(rows):
        for t, token in enumerate(row["tokens"]):
            where_row.append(i)
            where_place.append(len(row["promptTokens"]) - 1 + t - first)
            targets.append(token)
    chosen = logits[torch.tensor(where_row, device=device), torch.tensor(where_place, device=device)].float()
    return -torch.nn.functional.cross_entropy(chosen, torch.tensor(targets, device=device), reduction="none")
