"""Writes a Llama checkpoint of engine.ts as a GGUF file in f32, for the llama.cpp side.

python bench/engine-gguf.py CHECKPOINT FILE    (needs gguf, numpy and safetensors: `pip install gguf safetensors`)

The vocabulary is made of names, for both sides exchange ids only. Rotary embeddings of GGUF's llama turn neighbouring
channels, Hugging Face's turn halves: rows of the query and key projections are put in that order.
"""

import json
import sys
from pathlib import Path

import gguf
from safetensors.numpy import load_file

checkpoint, file = Path(sys.argv[1]), sys.argv[2]
config = json.loads((checkpoint / "config.json").read_text())
heads, kv_heads, layers = config["num_attention_heads"], config["num_key_value_heads"], config["num_hidden_layers"]
tensors = load_file(checkpoint / "model.safetensors")

writer = gguf.GGUFWriter(file, "llama")
writer.add_name("seed")
writer.add_vocab_size(config["vocab_size"])
writer.add_context_length(config["max_position_embeddings"])
writer.add_embedding_length(config["hidden_size"])
writer.add_block_count(layers)
writer.add_feed_forward_length(config["intermediate_size"])
writer.add_head_count(heads)
writer.add_head_count_kv(kv_heads)
writer.add_rope_dimension_count(config["head_dim"])
writer.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
writer.add_file_type(gguf.LlamaFileType.ALL_F32)

tokens = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
kinds = [gguf.TokenType.UNKNOWN, *([gguf.TokenType.BYTE] * 256)]
names = [f"t{i}" for i in range(config["vocab_size"] - len(tokens))]
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens + names)
writer.add_token_scores([0.0] * config["vocab_size"])
writer.add_token_types(kinds + [gguf.TokenType.NORMAL] * len(names))


def neighbours(weight, count):
    rows, width = weight.shape
    return weight.reshape(count, 2, rows // count // 2, width).swapaxes(1, 2).reshape(rows, width)


names = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
writer.add_tensor("token_embd.weight", tensors["model.embed_tokens.weight"])
writer.add_tensor("output_norm.weight", tensors["model.norm.weight"])
for layer in range(layers):
    for theirs, ours in names.items():
        weight = tensors[f"model.layers.{layer}.{theirs}.weight"]
        if ours in ("attn_q", "attn_k"):
            weight = neighbours(weight, heads if ours == "attn_q" else kv_heads)
        writer.add_tensor(f"blk.{layer}.{ours}.weight", weight)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
