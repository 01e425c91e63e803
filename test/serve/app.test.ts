import { expect, test } from 'vitest';
import type { Attempt } from '../../src/checkers/checker.ts';
import { fakeChecker } from '../checkers/fake-checker.ts';
import { attempt, bodyOf, gate, setUp } from './fixture.ts';

/** As the desk takes it. */
const read = (id: string | number): Attempt => ({
  id: String(id),
  statement: { id: String(id), language: 'lean', header: '', text: 'theorem t : True', forbidden: [] },
  proof: 'by trivial',
});

test('verdicts come in the order of the attempts, under the client’s ids', async () => {
  const { post } = setUp();
  const response = await post('/v1/verify', {
    attempts: [attempt('b'), attempt(7, 'by rejected'), attempt('a', 'by timeout')],
  });
  expect(response.status).toBe(200);
  const { toolchain, verdicts } = await bodyOf(response);
  expect(toolchain).toBe('fake 1');
  expect(verdicts.map((v) => [v.id, v.verdict])).toEqual([
    ['b', 'proved'],
    [7, 'rejected'],
    ['a', 'timeout'],
  ]);
});

test('a client that accepts NDJSON gets each verdict as it comes', async () => {
  const second = gate();
  const checker = fakeChecker(async ({ proof }) => {
    if (proof === 'by waiting') await second.passed;
    return 'proved' as const;
  });
  const { post } = setUp({ checker });
  const body = { attempts: [attempt('a'), attempt('b', 'by waiting')] };
  const response = await post('/v1/verify', body, { accept: 'application/x-ndjson' });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader?.read();
  expect(JSON.parse(first?.value ?? '')).toMatchObject({ index: 0, id: 'a', verdict: 'proved' });
  second.open();
  const next = await reader?.read();
  expect(JSON.parse(next?.value ?? '')).toMatchObject({ index: 1, id: 'b' });
  expect((await reader?.read())?.done).toBe(true);
});

test('inspections say whether a statement elaborates', async () => {
  const { post } = setUp();
  const response = await post('/v1/inspect', {
    statements: [
      { id: 'x', statement: 'theorem t : True := by sorry' },
      { id: 'y', statement: 'theorem t : nonsense' },
    ],
    probes: ['hollow'],
  });
  const { inspections } = await bodyOf(response);
  expect(inspections).toEqual([
    expect.objectContaining({ id: 'x', ok: true }),
    expect.objectContaining({ id: 'y', ok: false, reason: 'unknown constant nonsense' }),
  ]);
});

const verify = (attempts: unknown) => ['/v1/verify', { attempts }] as const;
test.each([
  ['a body that is not JSON', '/v1/verify', '{"attempts": [', ''],
  ['a body that is not UTF-8', '/v1/verify', Uint8Array.from([0x22, 0xff, 0x22]), ''],
  ['no attempts', '/v1/verify', {}, 'attempts'],
  ['an empty list', ...verify([]), 'attempts'],
  ['a list that is none', ...verify('all of them'), 'attempts'],
  ['a row that is none', ...verify([attempt(1), null]), 'attempts.1'],
  ['a missing proof', ...verify([attempt(1), { id: 2, statement: 'theorem t : True' }]), 'attempts.1.proof'],
  ['an unknown language', ...verify([{ ...attempt(1), language: 'coq' }]), 'attempts.0.language'],
  ['an id used twice', ...verify([attempt(1), attempt(2), attempt('1')]), 'attempts.2.id'],
  [
    'an unknown probe',
    '/v1/inspect',
    { statements: [{ id: 1, statement: 'x' }], probes: ['luck'] },
    'probes.0',
  ],
  ['an empty statement', '/v1/inspect', { statements: [{ id: 1, statement: '' }] }, 'statements.0.statement'],
  ['no snippets', '/api/check', {}, 'snippets'],
  ['a snippet without code', '/api/check', { snippets: [{ id: 'a' }] }, 'snippets.0.code'],
  [
    'a snippet id used twice',
    '/api/check',
    {
      snippets: [
        { id: 'a', code: '' },
        { id: 'a', code: '' },
      ],
    },
    'snippets.1.id',
  ],
  ['a code without text', '/verify', { codes: [{ custom_id: 1 }] }, 'codes.0'],
])('%s is a 400 that names the field, and no attempt is judged', async (_, path, body, field) => {
  const checker = fakeChecker();
  const { post, desk } = setUp({ checker });
  const response = await post(path, body);
  expect(response.status).toBe(400);
  const said = await bodyOf(response);
  expect(said.field).toBe(field);
  expect(said.error).toContain(field === '' ? 'the body' : field);
  expect([checker.asked, desk.depth]).toEqual([[], 0]);
});

test('odd texts reach the checker as they are', async () => {
  const checker = fakeChecker();
  const { post } = setUp({ checker });
  const odd = ['by\0', 'by \ud800', '('.repeat(10_000)];
  const response = await post('/v1/verify', { attempts: odd.map((proof, i) => attempt(i, proof)) });
  expect(response.status).toBe(200);
  expect(checker.asked.map((a) => a.proof)).toEqual(odd);
});

test('a body beyond the limit is a 413, announced or not', async () => {
  const { post, app } = setUp();
  const body = { attempts: [attempt(1, 'x'.repeat(200_000))] };
  expect((await post('/v1/verify', body)).status).toBe(413);
  const stream = ReadableStream.from([new TextEncoder().encode(JSON.stringify(body))]);
  const unannounced = new Request('http://localhost/v1/verify', {
    method: 'POST',
    body: stream,
    duplex: 'half',
  });
  const response = await app.request(unannounced);
  expect(response.status).toBe(413);
  expect((await bodyOf(response)).error).toBe('the body is longer than 100000 bytes');
});

test('a full queue is a 429 that says when to come back; when it empties, work is taken again', async () => {
  const held = gate();
  const checker = fakeChecker(async () => {
    await held.passed;
    return 'proved' as const;
  });
  const { post, desk } = setUp({ checker, maxQueue: 3 });
  const first = post('/v1/verify', { attempts: [attempt(1), attempt(2)] });
  await expect.poll(() => desk.depth).toBe(2);
  const refused = await post('/v1/verify', { attempts: [attempt(1), attempt(2)] });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect((await bodyOf(refused)).error).toContain('2 are waiting and at most 3 may');
  const fits = post('/api/check', { snippets: [{ id: 'a', code: 'theorem t : True := trivial' }] });
  held.open();
  expect([(await first).status, (await fits).status, desk.depth]).toEqual([200, 200, 0]);
});

test('a request that could never fit is a 413 that says how many may come', async () => {
  const { post } = setUp({ maxQueue: 2 });
  const response = await post('/v1/verify', { attempts: [attempt(1), attempt(2), attempt(3)] });
  expect(response.status).toBe(413);
  expect(await response.json()).toEqual({
    error: 'expected at most 2 in one request, found 3: ask in parts, or serve with a larger --max-queue',
    field: 'attempts',
  });
});

test('with a token, everything but /health wants it', async () => {
  const { app, post } = setUp({ token: 'a-token-of-some-length' });
  expect((await app.request('/health')).status).toBe(200);
  for (const given of [undefined, 'Bearer wrong', 'a-token-of-some-length', 'Bearer a-token-of-some-lengt']) {
    const headers: Record<string, string> = given === undefined ? {} : { authorization: given };
    for (const path of ['/v1/verify', '/v1/inspect', '/api/check', '/verify', '/nowhere', '/metrics']) {
      const response = await (path === '/metrics' ? app.request(path, { headers }) : post(path, {}, headers));
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect((await bodyOf(response)).field).toBe('Authorization');
    }
  }
  const right = await post(
    '/v1/verify',
    { attempts: [attempt(1)] },
    { authorization: 'Bearer a-token-of-some-length' },
  );
  expect(right.status).toBe(200);
});

test('a checker that throws gives every attempt a fault, and the server lives on', async () => {
  let broken = true;
  const checker = fakeChecker(({ proof }) => {
    if (broken && proof === 'by bang') throw new Error('the pool is gone');
    return 'proved' as const;
  });
  const { post, desk, failures } = setUp({ checker });
  const body = { attempts: [attempt(1), attempt(2, 'by bang'), attempt(3)] };
  const { verdicts } = await bodyOf(post('/v1/verify', body));
  expect(verdicts.map((v) => [v.verdict, v.reason])).toEqual([
    ['proved', expect.any(String)],
    ['fault', 'the pool is gone'],
    ['fault', 'the pool is gone'],
  ]);
  expect([desk.depth, failures.length]).toEqual([0, 1]);
  broken = false;
  const again = await bodyOf(post('/v1/verify', body));
  expect(again.verdicts.map((v) => v.verdict)).toEqual(['proved', 'proved', 'proved']);
});

test('/health says what judges and how much waits; /metrics counts verdicts, latencies and workers', async () => {
  const { app, post, metrics } = setUp();
  expect(await (await app.request('/health')).json()).toEqual({
    status: 'ok',
    toolchain: 'fake 1',
    queue: 0,
  });
  await post('/v1/verify', { attempts: [attempt(1), attempt(2, 'by rejected')] });
  await post('/nowhere', {});
  metrics.worker({ event: 'died', reason: 'out of memory' });
  const text = await (await app.request('/metrics')).text();
  for (const line of [
    'lakatos_queue_depth 0',
    'lakatos_verdicts_total{verdict="proved"} 1',
    'lakatos_verdicts_total{verdict="rejected"} 1',
    'lakatos_verdicts_total{verdict="fault"} 0',
    'lakatos_verdict_latency_seconds_count 2',
    'lakatos_judging_seconds_bucket{le="0.005"} 2',
    'lakatos_worker_events_total{event="died"} 1',
    'lakatos_responses_total{path="/v1/verify",status="200"} 1',
    'lakatos_responses_total{path="other",status="404"} 1',
  ])
    expect(text.split('\n')).toContain(line);
});

test('stopping, it takes no new work and says so', async () => {
  const controller = new AbortController();
  const { app, post } = setUp({ stopping: controller.signal });
  controller.abort();
  expect((await app.request('/health')).status).toBe(503);
  const refused = await post('/v1/verify', { attempts: [attempt(1)] });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
});

test('an unknown route is a 404 in the same shape, and every response has its request id, which is logged', async () => {
  const { post, lines } = setUp();
  const response = await post('/v2/verify', {}, { 'x-request-id': 'mine-1' });
  expect([response.status, response.headers.get('x-request-id')]).toEqual([404, 'mine-1']);
  expect(await response.json()).toEqual({ error: 'no such route: POST /v2/verify', field: '' });
  expect(lines.at(-1)).toMatchObject({ request: 'mine-1', path: '/v2/verify', status: 404 });
});

test.each([
  ['GET', '/v1/verify', 'POST'],
  ['PUT', '/api/check/', 'POST'],
  ['POST', '/health', 'GET'],
])('%s %s is a 405 that names the method it takes', async (method, path, takes) => {
  const { app } = setUp();
  const response = await app.request(path, { method });
  expect([response.status, response.headers.get('allow')]).toEqual([405, takes]);
  expect((await bodyOf(response)).error).toBe(`expected ${takes}, found ${method}`);
});

test('a reader that leaves gives its places in the queue back, but for those in the checker’s hands until they are done', async () => {
  const held = gate();
  const checker = fakeChecker(async () => {
    await held.passed;
    return 'proved' as const;
  });
  const { app, post, desk } = setUp({ checker, inHand: 1 });
  const three = { attempts: [attempt(1), attempt(2), attempt(3)] };
  const response = await post('/v1/verify', three, { accept: 'application/x-ndjson' });
  await expect.poll(() => checker.asked.length).toBe(1);
  expect(desk.depth).toBe(3);
  await response.body?.cancel();
  await expect.poll(() => desk.depth).toBe(1);
  held.open();
  await expect.poll(() => desk.depth).toBe(0);
  expect(checker.asked.map(({ id }) => id)).toEqual(['0']);
  expect(await (await app.request('/metrics')).text()).toContain(
    'lakatos_verdicts_total{verdict="proved"} 1',
  );
});

test('a reader that leaves before anything was asked has nothing judged', async () => {
  const checker = fakeChecker();
  const { desk } = setUp({ checker });
  const answers = desk.judge([read(1)], 'attempts', AbortSignal.abort());
  expect([await Array.fromAsync(answers), desk.depth, checker.asked]).toEqual([[], 0, []]);
});

test('requests take turns: a small one does not wait for all of a large one', async () => {
  const checker = fakeChecker();
  const { desk } = setUp({ checker, inHand: 1 });
  const large = Array.fromAsync(desk.judge(Array.from({ length: 20 }, (_, i) => read(i)), 'attempts')); // biome-ignore format: one line
  const small = Array.fromAsync(desk.judge([read('small')], 'attempts'));
  expect([(await small).length, (await large).length]).toEqual([1, 20]);
  expect(checker.asked.findIndex(({ id }) => id === 'small')).toBeLessThan(3);
});
