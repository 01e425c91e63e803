/** The routes of the Kimina Lean server. What a snippet means and how its answer reads is kimina.ts's. */
import { type Context, Hono } from 'hono';
import type { Inspection, Verdict } from '../checkers/checker.ts';
import { byId } from './by-id.ts';
import type { Desk } from './desk.ts';
import { checkRequest, type Plan, planFor, type ReplAnswer, verifyRequest } from './kimina.ts';
import { jsonBody, parse, refuseTwins } from './requests.ts';

export function kiminaRoutes(desk: Desk): Hono {
  const routes = new Hono({ strict: false });
  routes.post('/api/check', async (c) => {
    const { snippets } = parse(checkRequest, await jsonBody(c));
    const ids = snippets.map(({ id }) => id);
    refuseTwins(ids, (i) => `snippets.${i}.id`);
    const codes = snippets.map(({ code }) => code);
    const answers = await answersTo(desk, 'snippets', codes, c.req.raw.signal);
    return c.json({ results: answers.map((answer, i) => ({ id: ids[i], ...answer })) });
  });
  const verify = async (c: Context) => {
    const { codes } = parse(verifyRequest, await jsonBody(c));
    const texts = codes.map(({ proof, code }) => proof ?? code ?? '');
    const answers = await answersTo(desk, 'codes', texts, c.req.raw.signal);
    return c.json({ results: answers.map((answer, i) => legacy(String(codes[i]?.custom_id), answer)) });
  };
  routes.post('/verify', verify);
  routes.post('/one_pass_verify_batch', verify);
  return routes;
}

/** The older route carries the time inside the response. */
function legacy(custom_id: string, { time, ...answer }: ReplAnswer) {
  return 'error' in answer
    ? { custom_id, error: answer.error }
    : { custom_id, error: null, response: { ...answer.response, time } };
}

async function answersTo(desk: Desk, field: string, codes: readonly string[], left: AbortSignal) {
  const plans = codes.map((code, i) => planFor(code, String(i)));
  const attempts = plans.flatMap((plan) => (plan.inspects ? [] : plan.attempts));
  const statements = plans.flatMap((plan) => (plan.inspects ? plan.attempts.map((a) => a.statement) : []));
  const judging = desk.judge(attempts, field, left);
  const inspecting = inspectOrLeave(() => desk.inspect(statements, {}, field, left), judging);
  const [verdicts, inspections] = await Promise.all([byId(judging), byId(inspecting)]);
  return plans.map((plan) => answerOf(plan, verdicts, inspections));
}

/** Both are taken in, or neither is. */
function inspectOrLeave(inspect: () => ReadableStream<Inspection>, judging: ReadableStream<Verdict>) {
  try {
    return inspect();
  } catch (error) {
    void judging.cancel();
    throw error;
  }
}

function answerOf(
  plan: Plan,
  verdicts: ReadonlyMap<string, Verdict>,
  inspections: ReadonlyMap<string, Inspection>,
): ReplAnswer {
  const own = plan.attempts.flatMap(({ id }) => verdicts.get(id) ?? []);
  // Only when the client has left, and then nobody reads it.
  if (!plan.inspects && own.length < plan.attempts.length)
    return { time: 0, error: 'the request was given up' };
  return plan.answer(own, inspections.get(plan.attempts[0]?.id ?? ''));
}
