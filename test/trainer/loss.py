"""Reads `{rows, logprobs}` as JSON on stdin; writes, for each row, the trainer's loss and slopes."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "trainer"))

import torch  # noqa: E402
from loss import token_terms, values_and_slopes  # noqa: E402

case = json.load(sys.stdin)
lengths = [len(row["tokens"]) for row in case["rows"]]
logprobs = torch.tensor([lp for row in case["logprobs"] for lp in row], dtype=torch.float64)
terms = {name: t.double() if t.is_floating_point() else t for name, t in token_terms(case["rows"]).items()}
values, slopes = values_and_slopes(logprobs, terms)
print(
    json.dumps(
        [
            dict(loss=value.sum().item(), slopes=slope.tolist())
            for value, slope in zip(values.split(lengths), slopes.split(lengths), strict=True)
        ]
    )
)
