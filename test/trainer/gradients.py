"""Loss and gradients of a bundle's first step by the trainer's own functions: `gradients.py JOB.json`, as train.py is
called, writes `gradients.safetensors` and `expected.json` into the job's `out`."""

import json
import sys
from pathlib import Path

TRAINER = Path(__file__).resolve().parents[2] / "trainer"
sys.path.insert(0, str(TRAINER))

from batches import completion_logprobs  # noqa: E402
from bundle import read_bundle  # noqa: E402
from loss import bundle_loss, token_terms  # noqa: E402
from model import World, learnt, open_model  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from train import shares  # noqa: E402

job = json.loads(Path(sys.argv[1]).read_text())
world = World("cpu")
model = open_model(job, world)
rows = read_bundle(job["bundle"])["steps"][0]
total = 0.0
for batch in shares(rows, job, world):
    loss = bundle_loss(completion_logprobs(model, batch, world.device), token_terms(batch))
    loss.backward()
    total += loss.item()
out = Path(job["out"])
save_file({name: p.grad.contiguous() for name, p in learnt(model)}, out / "gradients.safetensors")
(out / "expected.json").write_text(json.dumps(dict(bundle=job["hash"], loss=total)) + "\n")
