/** Prompts that leave no room for an answer, told apart in the same words whatever engine would sample from them. */

/** Those of at most `most` tokens. Others are skipped, which is said of `context`, e.g. `the model's context of 512 tokens`. */
export function fitting<Prompted extends { readonly promptTokens: readonly number[] }>(
  prompts: readonly Prompted[],
  most: number,
  idOf: (prompted: Prompted) => string,
  say: (message: string) => void,
  { context, advice = '' }: { readonly context: string; readonly advice?: string },
): readonly Prompted[] {
  const [long, ...others] = prompts.filter(({ promptTokens }) => promptTokens.length > most);
  if (long === undefined) return prompts;
  say(
    `${others.length + 1} of ${prompts.length} prompts are skipped: they leave no room in ${context} (request ${idOf(long)}: ${long.promptTokens.length})${advice}`,
  );
  return prompts.filter(({ promptTokens }) => promptTokens.length <= most);
}
