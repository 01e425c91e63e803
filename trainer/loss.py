"""The loss of src/policy/bundle.ts over the completion tokens of some rows.

Values and slopes are written down side by side, as the embedded engine has them, rather than derived: the slopes are
where the stopped gradients are. Everything is float32, whatever the model computes in.
"""

import torch

FIELDS = ("weight", "sampler", "ratio_on", "clipped", "low", "high", "k1", "k2", "k3", "reference")


def token_terms(rows, device="cpu"):
    """What the loss needs of each completion token, row after row: a dict of [M] tensors, and `row`, its row's index."""
    columns = {name: [] for name in FIELDS}
    row_of = []
    for index, row in enumerate(rows):
        check_row(row)
        for t in range(len(row["tokens"])):
            for name, value in zip(FIELDS, _token(row, t), strict=True):
                columns[name].append(value)
            row_of.append(index)
    terms = {name: torch.tensor(values, dtype=torch.float32, device=device) for name, values in columns.items()}
    terms["row"] = torch.tensor(row_of, dtype=torch.int64, device=device)
    return terms


def _token(row, t):
    ratio, beta, estimator = row.get("ratio", "none"), row["klCoef"], row.get("klEstimator", "k3")
    weight = row["weights"][t]
    on = ratio != "none"
    low, high = _bounds(ratio, weight)
    return (
        weight,
        row["samplerLogprobs"][t] if on else 0.0,
        1.0 if on else 0.0,
        1.0 if on and ratio["kind"] == "ppo-clip" else 0.0,
        low,
        high,
        *(beta if estimator == name else 0.0 for name in ("k1", "k2", "k3")),
        0.0 if beta == 0 else row["refLogprobs"][t],
    )


def _bounds(ratio, weight):
    """What min(r·w, clip(r)·w) and its dual bound come to for one sign of w: a clamp of r."""
    if ratio == "none":
        return 1.0, 1.0
    if ratio["kind"] == "topr":
        return (ratio["low"], ratio["high"]) if weight < 0 else (1.0, 1.0)
    if weight < 0:
        return 1 - ratio["low"], ratio.get("dual", float("inf"))
    return 0.0, 1 + ratio["high"]


def bundle_loss(logprobs, terms):
    """Σ over the tokens, as a scalar whose gradient is the slopes'. `logprobs` [M] are those of the policy learned."""
    values, slopes = values_and_slopes(logprobs.detach(), terms)
    # Its value is Σ values and its gradient in logprobs is slopes, exactly.
    return (values + slopes * (logprobs - logprobs.detach())).sum()


def values_and_slopes(lp, terms):
    policy_value, policy_slope = _policy(lp, terms)
    kl_value, kl_slope = _kl(lp, terms)
    return policy_value + kl_value, policy_slope + kl_slope


def _policy(lp, terms):
    clipped = terms["clipped"]
    distance = (lp - terms["sampler"]) * terms["ratio_on"]
    # A completion's ratio is the product of its tokens'.
    rows = int(terms["row"].max()) + 1 if lp.numel() else 0
    sums = torch.zeros(rows, dtype=lp.dtype, device=lp.device).index_add_(0, terms["row"], distance)
    free = torch.where(clipped > 0, distance, sums[terms["row"]]).exp()
    ratio = torch.minimum(torch.maximum(free, terms["low"]), terms["high"])
    weighted = -terms["weight"] * ratio
    inside = (free == ratio).to(lp.dtype)
    value = weighted * torch.where(clipped > 0, torch.ones_like(lp), lp)
    slope = weighted * torch.where(clipped > 0, inside, torch.ones_like(lp))
    # Where the ratio is infinite an unclipped weight of 0 must stay 0.
    nothing = terms["weight"] == 0
    return value.masked_fill(nothing, 0.0), slope.masked_fill(nothing, 0.0)


def _kl(lp, terms):
    value, slope = torch.zeros_like(lp), torch.zeros_like(lp)
    d = terms["reference"] - lp
    for name, of_d, in_lp in (
        ("k1", -d, torch.ones_like(d)),
        ("k2", d * d / 2, -d),
        ("k3", torch.expm1(d) - d, -torch.expm1(d)),
    ):
        beta = terms[name]
        value = value + torch.where(beta == 0, 0.0, beta * of_d)
        slope = slope + torch.where(beta == 0, 0.0, beta * in_lp)
    return value, slope


class UndefinedLoss(Exception):
    pass


def check_row(row):
    count, ratio, beta = len(row["tokens"]), row.get("ratio", "none"), row["klCoef"]
    what = f"row {row['id']}"
    if count == 0:
        raise UndefinedLoss(f"{what}: the completion is empty; there is nothing to learn")
    if not row["promptTokens"]:
        raise UndefinedLoss(f"{what}: the prompt is empty; the model needs a token to start from")
    if len(row["weights"]) != count:
        raise UndefinedLoss(f"{what}: expected one weight for each of {count} tokens, found {len(row['weights'])}")
    if beta != 0 and len(row["refLogprobs"]) != count:
        raise UndefinedLoss(f"{what}: with klCoef {beta} each of {count} tokens needs a reference log-prob, found {len(row['refLogprobs'])}")
    if ratio != "none" and len(row["samplerLogprobs"]) != count:
        raise UndefinedLoss(f"{what}: with ratio {ratio['kind']} each of {count} tokens needs its sampler's log-prob, found {len(row['samplerLogprobs'])}")
