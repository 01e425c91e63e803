"""The checkpoint as something that learns: whole weights, or LoRA adapters over frozen ones; bfloat16 computation over
float32 learnt weights; gradient checkpointing; FSDP2 when there is more than one process.

Rows are divided among the processes. FSDP averages gradients over them, and the bundle's loss is a sum: the caller
multiplies by the number of processes.
"""

import contextlib
import os
from pathlib import Path

import torch
import torch.distributed as dist
from peft import LoraConfig, PeftModel, get_peft_model
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from transformers import AutoModelForCausalLM


class World:
    """The processes of this job. One process is a world too."""

    def __init__(self, device):
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)
        if self.size > 1:
            dist.init_process_group("nccl" if cuda else "gloo")

    @property
    def first(self):
        return self.rank == 0

    def sum(self, *values):
        """Each value summed over the processes."""
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        if self.size > 1:
            dist.all_reduce(total)
        return total.tolist()

    def wait(self):
        if self.size > 1:
            dist.barrier()

    def close(self):
        if self.size > 1:
            dist.destroy_process_group()


def load_base(directory, dtype):
    # float32 weights learn; a frozen base may be as small as it is computed in.
    return AutoModelForCausalLM.from_pretrained(directory, dtype=dtype, attn_implementation="sdpa")


def open_model(job, world):
    """`job.from` is the current weights, or the current adapter over `job.base`."""
    bf16 = job["dtype"] == "bf16"
    lora = job.get("lora")
    if lora is None:
        model = load_base(job["from"], torch.float32)
    else:
        model = load_base(job["base"], torch.bfloat16 if bf16 else torch.float32)
        model = _with_adapter(model, job, lora)
    if job.get("gradientCheckpointing", False):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if lora is not None:
            model.enable_input_require_grads()
    model.train(job["task"] == "learn")
    _no_dropout(model)
    if world.size == 1:
        return model.to(world.device)
    return _sharded(model.to(world.device), bf16)


def _with_adapter(model, job, lora):
    if job["from"] != job["base"]:
        adapted = PeftModel.from_pretrained(model, job["from"], is_trainable=True)
    else:
        torch.manual_seed(lora["seed"])
        settings = LoraConfig(
            r=lora["rank"],
            lora_alpha=lora["alpha"],
            target_modules=lora["targets"],
            lora_dropout=0.0,
            task_type="CAUSAL_LM",
        )
        adapted = get_peft_model(model, settings)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapted


def _no_dropout(model):
    """The bundle's ratios compare the same model with itself."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def _sharded(model, bf16):
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32) if bf16 else MixedPrecisionPolicy()
    for layer in decoder(model).layers:
        fully_shard(layer, mp_policy=policy)
    return fully_shard(model, mp_policy=policy)


def decoder(model):
    """The stack of layers inside whatever wraps it."""
    return next(module for module in model.modules() if isinstance(getattr(module, "layers", None), torch.nn.ModuleList))


def computing(job, world):
    """Where forward passes are run. FSDP casts by itself."""
    if job["dtype"] == "bf16" and world.size == 1:
        return torch.autocast(world.device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def learnt(model):
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def save_weights(model, job, world, directory):
    """Hugging Face layout, with everything that stood beside the weights. Every process calls; the first one writes.

    float32, for the next update begins from these: in bfloat16 small steps would be rounded away.
    """
    lora = job.get("lora") is not None
    state = None
    if world.size > 1:
        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=lora)
        state = get_model_state_dict(model, options=options)
    if not world.first:
        return
    model.save_pretrained(directory, state_dict=state)
    if lora:
        Path(directory, "README.md").unlink(missing_ok=True)
    else:
        _copy_companions(Path(job["base"]), Path(directory))


def _copy_companions(source, target):
    for path in source.iterdir():
        weights = path.suffix in (".safetensors", ".bin", ".onnx") or path.name in ("model.safetensors.index.json", "COMMITTED.json")
        if path.is_file() and not weights and not (target / path.name).exists():
            (target / path.name).write_bytes(path.read_bytes())
