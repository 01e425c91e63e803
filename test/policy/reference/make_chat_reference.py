"""Reference values for chat-template.test.ts: chat templates as transformers' `apply_chat_template` renders them.

    pip install transformers
    python make_chat_reference.py [--out FILE]

writes `chat.json` beside this file: templates, messages, options and the rendered prompts. The templates are in the manner
of the best known families: ChatML (Qwen) and bracketed turns (Llama 2, Mistral); they lean on what renderers get wrong, the
white space around blocks, `loop`, slices and `namespace`.
"""

import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

TOKENS = dict(bos_token="<s>", eos_token="</s>")
TEMPLATES = dict(
    chatml="""{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou prove theorems.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages if message.role != 'system' %}
    {{- '<|im_start|>' ~ message['role'] ~ '\\n' ~ (message.content | trim) ~ '<|im_end|>' ~ '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    brackets="""{% set ns = namespace(system='') %}
{% if messages[0]['role'] == 'system' %}
    {% set ns.system = messages[0]['content'] %}
    {% set turns = messages[1:] %}
{% else %}
    {% set turns = messages %}
{% endif %}
{{ bos_token }}
{% for message in turns %}
  {% if message['role'] == 'user' %}
[INST] {% if loop.first and ns.system %}<<SYS>>
{{ ns.system }}
<</SYS>>

{% endif %}
{{ message['content'] | replace('\\t', '  ') }} [/INST]
  {% else %}
 {{ message['content'] }}{{ eos_token if not loop.last else '' }}
  {% endif %}
{% endfor %}
{{ turns | length }} turns{% if add_generation_prompt %}, then one{% endif %}
""",
)
USER = dict(role="user", content="  n + 0 = n \n\ttheorem ∀ x, x ≤ x  ")
ASSISTANT = dict(role="assistant", content="by simp\n")
SYSTEM = dict(role="system", content="Answer in Lean.")
CONVERSATIONS = [[USER], [SYSTEM, USER], [SYSTEM, USER, ASSISTANT, USER], [USER, ASSISTANT]]
OPTIONS = [
    dict(addGenerationPrompt=True, variables={}),
    dict(addGenerationPrompt=False, variables={}),
    dict(addGenerationPrompt=True, variables=dict(enable_thinking=False)),
]


def render(template, messages, options):
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0})), **TOKENS)
    return tokenizer.apply_chat_template(
        messages,
        chat_template=template,
        tokenize=False,
        add_generation_prompt=options["addGenerationPrompt"],
        **options["variables"],
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "chat.json")
    out = parser.parse_args().out
    cases = [
        dict(template=name, messages=messages, options=options, rendered=render(text, messages, options))
        for name, text in TEMPLATES.items()
        for messages in CONVERSATIONS
        for options in OPTIONS
    ]
    out.write_text(json.dumps(dict(tokens=TOKENS, templates=TEMPLATES, cases=cases), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
