/** Gathers answers under their ids. */
export async function byId<Answer extends { readonly id: string }>(
  answers: AsyncIterable<Answer>,
): Promise<Map<string, Answer>> {
  return new Map(await Array.fromAsync(answers, (answer) => [answer.id, answer] as const));
}
