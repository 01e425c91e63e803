/** Parity with transformers' apply_chat_template, on values committed with the script that made them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChatMessage, type ChatOptions, renderChat } from '../../src/policy/chat-template.ts';

interface Reference {
  readonly tokens: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, string>>;
  readonly cases: readonly {
    readonly template: string;
    readonly messages: readonly ChatMessage[];
    readonly options: ChatOptions;
    readonly rendered: string;
  }[];
}

/** As the script beside it wrote it. */
const { tokens, templates, cases }: Reference = JSON.parse(
  await readFile(join(import.meta.dirname, 'reference', 'chat.json'), 'utf8'),
);

test.each(cases)(
  'a prompt is rendered as transformers renders it: $template, case $#',
  ({ template, messages, options, rendered }) => {
    expect(renderChat('here', templates[template], tokens, messages, options)).toBe(rendered);
  },
);
