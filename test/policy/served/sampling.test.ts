/** Sampling and scoring through the policy, against doubles of both servers. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { StoppedError } from '../../../src/ops/errors.ts';
import { openTokenizer } from '../../../src/policy/tokenizer.ts';
import { checkpointDir, collect, sampler } from '../onnx/tiny.ts';
import { type Asked, Double, double, isSample, type Misbehave, refused, send } from './double.ts';
import { open } from './opened.ts';

const request = (prompt: string, n = 2, seed = 3) => ({ id: prompt, prompt, n, seed });

test.each(['vllm', 'sglang'] as const)(
  '%s: token ids go in, and come out with their log-probs under one version',
  async (engine) => {
    const model = await checkpointDir();
    const { server, host } = await double({ engine, vocabulary: 300, maxLength: 64 });
    const policy = await open(`http://${host}#base`, { engine, model });
    const all = await collect(
      policy.sample([request('<prove>n + m<by>', 3), request('<prove>x<by>')], sampler()),
    );
    expect(all.map(({ id, index }) => `${id}${index}`).sort()).toEqual(
      [
        '<prove>n + m<by>0',
        '<prove>n + m<by>1',
        '<prove>n + m<by>2',
        '<prove>x<by>0',
        '<prove>x<by>1',
      ].sort(),
    );
    const tokenizer = await openTokenizer(model);
    for (const { id, promptTokens, tokens, logprobs, policyLogprobs, policyVersion, finish } of all) {
      expect(promptTokens).toEqual(tokenizer.encode(id));
      const expected = tokens.map((_, t) =>
        server.logprob('/models/base', [...promptTokens, ...tokens.slice(0, t + 1)]),
      );
      expect(logprobs).toEqual(expected);
      expect(policyLogprobs).toEqual(expected);
      expect(policyVersion).toBe(policy.version);
      expect(finish).toBe(tokens.at(-1) === tokenizer.endToken ? 'stop' : 'length');
    }
    expect(new Set(all.map(({ id, tokens }) => `${id}|${tokens}`)).size).toBe(5);
  },
);

test.each(['vllm', 'sglang'] as const)(
  '%s: scores are the log-probs of the completion alone, position by position',
  async (engine) => {
    const { server, host } = await double({ engine });
    const policy = await open(`http://${host}`, { engine });
    const [scores] = await policy.score([{ promptTokens: [5, 6], tokens: [7, 8, 9] }]);
    const expected = [
      [5, 6, 7],
      [5, 6, 7, 8],
      [5, 6, 7, 8, 9],
    ].map((tokens) => Math.fround(server.logprob('/models/base', tokens)));
    expect([...(scores ?? [])]).toEqual(expected);
  },
);

test('a completion that the end token stopped has its text without it, and learns from it', async () => {
  const model = await checkpointDir();
  const { endToken = -1, encode, decode } = await openTokenizer(model);
  const tokens = [...encode('by simp'), endToken];
  const { host } = await double({ misbehave: answering(tokens, 'stop') });
  const policy = await open(`http://${host}`, { model });
  const [completion] = await collect(policy.sample([request('<prove>a<by>', 1)], sampler()));
  expect(completion).toMatchObject({ text: decode(encode('by simp')), finish: 'stop', tokens });
});

test('a stop string ends the text, not the tokens', async () => {
  const model = await checkpointDir();
  const { encode } = await openTokenizer(model);
  const tokens = encode('by simp; omega');
  const { server, host } = await double({ misbehave: answering(tokens, 'stop') });
  const policy = await open(`http://${host}`, { model });
  const [completion] = await collect(policy.sample([request('<prove>a<by>', 1)], sampler({ stop: ['; o'] })));
  expect(completion).toMatchObject({ text: 'by simp', finish: 'stop', tokens });
  expect(server.asked.at(-1)?.body.stop).toEqual(['; o']);
});

test.each([
  [
    "raw log-probs of a tempered sample are the policy's, and the sampler's are not told",
    false,
    0.5,
    'empty',
    'told',
  ],
  [
    "processed log-probs of a tempered sample are the sampler's, and the policy's are not told",
    true,
    0.5,
    'told',
    'absent',
  ],
  ['greedy is a point mass', false, 0, 'zero', 'told'],
  ['untempered, the sampler is the policy', true, 1, 'told', 'told'],
] as const)('%s', async (_, processed, temperature, sampled, policied) => {
  const { host } = await double({ processed });
  const policy = await open(`http://${host}`);
  const [completion] = await collect(
    policy.sample([request('<prove>a<by>', 1)], sampler({ temperature, maxTokens: 4 })),
  );
  const kind = (values: readonly number[] | undefined) =>
    values === undefined
      ? 'absent'
      : values.length === 0
        ? 'empty'
        : values.every((v) => v === 0)
          ? 'zero'
          : 'told';
  expect([kind(completion?.logprobs), kind(completion?.policyLogprobs)]).toEqual([sampled, policied]);
});

test('as many requests are in flight as configured, no more, and all replicas work', async () => {
  // Answers come when six are waiting: fewer would wait for ever, more would be counted.
  const waiting: (() => void)[] = [];
  const hold = () =>
    new Promise<void>((go) => {
      waiting.push(go);
      if (waiting.length === 6) for (const release of waiting.splice(0)) release();
    });
  const [a, b] = [await double({ hold }), await double({ hold })];
  const policy = await open(`http://${a.host},http://${b.host}`, { server: { concurrency: 3 } });
  const requests = Array.from({ length: 42 }, (_, i) => request(`<prove>${i}<by>`, 1));
  expect(await collect(policy.sample(requests, sampler({ maxTokens: 2 })))).toHaveLength(42);
  expect([a, b].map(({ server }) => server.asked.filter(isSample).length)).toEqual([21, 21]);
  expect([a.server.mostInHand, b.server.mostInHand]).toEqual([3, 3]);
});

test('whoever takes completions slowly holds the sampler up', async () => {
  const { server, host } = await double();
  const policy = await open(`http://${host}`, { server: { concurrency: 3 } });
  const requests = Array.from({ length: 400 }, (_, i) => request(`<prove>${i}<by>`, 1));
  let taken = 0;
  for await (const _ of policy.sample(requests, sampler({ maxTokens: 2 }))) {
    // While nothing is taken, the server answers as many other questions as there are samples wanted.
    if (taken++ === 0) for (let i = 0; i < 400; i++) await fetch(`http://${host}/version`);
    if (taken === 1) expect(server.asked.filter(isSample).length).toBeLessThan(100);
  }
  expect(taken).toBe(400);
});

test('a score that fails is told when the others have ended too', async () => {
  let held: (() => void) | undefined;
  const { host } = await double({
    misbehave: ({ body }, response) => {
      if (body?.prompt_logprobs === undefined) return false;
      const { status, body: answer } = refused(400, 'no such token');
      if (body.prompt[0] === 5) {
        held = () => send(response, status, answer);
        return true;
      }
      send(response, status, answer);
      response.on('finish', () => held?.());
      return true;
    },
  });
  const policy = await open(`http://${host}`);
  const scoring = policy.score([
    { promptTokens: [5], tokens: [6] },
    { promptTokens: [7], tokens: [8] },
  ]);
  await expect(scoring).rejects.toThrow('no such token');
  expect(held).toBeDefined();
});

test('a connection dropped in the middle of an answer is asked again, elsewhere', async () => {
  let dropped = 0;
  const drop: Misbehave = (asked, response) => {
    if (!isSample(asked)) return false;
    dropped++;
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"model": "ba');
    response.socket?.destroy();
    return true;
  };
  const [bad, good] = [await double({ misbehave: drop }), await double()];
  const policy = await open(`http://${bad.host},http://${good.host}`);
  const requests = Array.from({ length: 6 }, (_, i) => request(`<prove>${i}<by>`, 1));
  expect(await collect(policy.sample(requests, sampler({ maxTokens: 2 })))).toHaveLength(6);
  expect(dropped).toBeGreaterThan(0);
});

test('a server that is gone is asked as often as configured, then named', async () => {
  const server = new Double();
  const host = await server.listen();
  const policy = await open(`http://${host}`, { server: { retries: 2 } });
  await server.close();
  const sampling = collect(policy.sample([request('<prove>a<by>', 1)], sampler()));
  await expect(sampling).rejects.toThrow(
    new RegExp(`http://${host}/v1/completions: ECONNREFUSED.*is the server up\\?`),
  );
  await expect(sampling).rejects.toThrow(StoppedError); // the same command later may well work
});

test.each([
  ['out of memory', 500, 'CUDA out of memory. Tried to allocate 2.00 GiB'],
  ['a request it does not take', 400, 'top_k must be -1 (disable), or at least 1'],
])("%s is told in the server's words and never asked again", async (_, status, words) => {
  let asked = 0;
  const { host } = await double({
    misbehave: (call, response) => {
      if (!isSample(call)) return false;
      asked++;
      const { body } = refused(status, words);
      send(response, status, body);
      return true;
    },
  });
  const policy = await open(`http://${host}`);
  await expect(collect(policy.sample([request('<prove>a<by>', 1)], sampler()))).rejects.toThrow(
    `answered ${status}: ${words}`,
  );
  expect(asked).toBe(1);
});

test.each([
  ['what is not JSON', '<html>502 Bad Gateway</html>', /expected JSON, found "<html>502/],
  ['no choices', { model: 'base' }, /the answer cannot be read: choices/],
  ['too few choices', { model: 'base', choices: [] }, /expected 1 choices, found 0/],
  ['no log-probs', choice({ token_ids: [1], logprobs: null }), /log-probs are missing/],
  [
    'fewer log-probs than tokens',
    choice({ token_ids: [1, 2], logprobs: { tokens: ['a'], token_logprobs: [-1] } }),
    /2 token ids and 1 log-probs/,
  ],
  [
    'texts in place of token ids',
    choice({ logprobs: { tokens: ['a'], token_logprobs: [-1] } }),
    /1 token ids and 1 log-probs/,
  ],
  [
    'another model',
    choice({ token_ids: [1], logprobs: { tokens: ['a'], token_logprobs: [-1] } }, 'other'),
    /expected samples of base .* the server answered as other/,
  ],
])('an answer with %s is refused', async (_, body, reason) => {
  const { host } = await double({
    misbehave: instead(isSample, body),
  });
  const policy = await open(`http://${host}`);
  await expect(collect(policy.sample([request('<prove>a<by>', 1)], sampler()))).rejects.toThrow(reason);
});

test('a prompt that does not fit is skipped, which is said; a completion is asked for as long as it can be scored', async () => {
  const { server, host } = await double({ maxLength: 12 });
  const said: string[] = [];
  const policy = await open(`http://${host}`, { say: (message) => said.push(message) });
  const long = request('<prove>n + m = m + n : a b c d<by>', 1);
  const [completion, ...others] = await collect(
    policy.sample([long, request('<prove>a<by>', 1)], sampler({ maxTokens: 500 })),
  );
  expect([completion?.id, others]).toEqual(['<prove>a<by>', []]);
  expect(said.at(-1)).toMatch(
    /^1 of 2 prompts are skipped: they leave no room in the server's context of 12 tokens \(request <prove>n \+ m.*: \d+\); serve/,
  );
  // A server scores a sequence by sampling one token more.
  const { promptTokens = [] } = completion ?? {};
  expect(promptTokens.length + (server.asked.at(-1)?.body.max_tokens ?? 0)).toBe(11);
  const full = { promptTokens, tokens: Array(11 - promptTokens.length).fill(5) };
  expect(await policy.score([full])).toHaveLength(1);
});

test('a name that is not served is answered with those that are', async () => {
  const { host } = await double();
  const opening = open(`http://${host}#qwen`);
  await expect(opening).rejects.toThrow(`http://${host} serves no model qwen; it serves base`);
  await expect(opening).rejects.toMatchObject({ keyPath: 'policy.uri' });
});

test('a server that gives no log-probs is refused at the start', async () => {
  const { host } = await double({
    misbehave: instead(({ path }) => path === '/v1/completions', choice({ text: 'hello', logprobs: null })),
  });
  await expect(open(`http://${host}`)).rejects.toThrow(
    /cannot sample as a policy must .*expected 2 choices, found 1/,
  );
});

test('nobody at the address is said at the start', async () => {
  const opening = open('http://127.0.0.1:9', { server: { retries: 0 } });
  await expect(opening).rejects.toThrow(/127\.0\.0\.1:9\/v1\/models: ECONNREFUSED/);
});

test('a server that never answers costs no more than its deadline', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => void silent.listen(0, '127.0.0.1', done));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await expect(open(`http://127.0.0.1:${port}`, { server: { controlSeconds: 0.05 } })).rejects.toThrow(
    /no answer within 0\.05 s/,
  );
  silent.closeAllConnections();
  silent.close();
});

test('leaving the loop early cancels what runs, and the policy goes on working', async () => {
  let held = 0;
  let cancelled = 0;
  const { host } = await double({
    misbehave: (call, response) => {
      if (!isSample(call) || call.body.seed !== 77) return false;
      held++;
      response.on('close', () => cancelled++);
      return true;
    },
  });
  const policy = await open(`http://${host}`);
  const requests = [request('<prove>a<by>', 1), request('<prove>b<by>', 1, 77)];
  for await (const _ of policy.sample(requests, sampler({ maxTokens: 2 }))) break;
  expect(await collect(policy.sample([request('<prove>c<by>', 1)], sampler({ maxTokens: 2 })))).toHaveLength(
    1,
  );
  expect(held).toBe(cancelled);
});

test('without embeddings the error says which strategies need them', async () => {
  const { host } = await double();
  const policy = await open(`http://${host}`);
  await expect(policy.embed(['n + m'])).rejects.toThrow(
    /offers no embeddings .* select\.strategy = "matching" and "facility-location" need/,
  );
});

test('without a directory there is no tokenizer, and the key to set is named', async () => {
  const { openServedPolicy } = await import('../../../src/policy/served/open.ts');
  const { loadConfig } = await import('../../../src/config/index.ts');
  const { server } = loadConfig({}).config.policy;
  const opening = openServedPolicy('vllm', 'http://127.0.0.1:9', {
    server,
    model: undefined,
    workDir: '.',
    openLearner: null,
  });
  await expect(opening).rejects.toMatchObject({ keyPath: 'policy.trainer.model' });
});

function choice(fields: object, model = 'base') {
  return { model, choices: [{ index: 0, finish_reason: 'length', ...fields }] };
}

/** Answers those requests with this body. */
function instead(those: (asked: Asked) => boolean, body: unknown): Misbehave {
  return (asked, response) => {
    if (!those(asked)) return false;
    send(response, 200, body);
    return true;
  };
}

/** Answers every sample with these tokens. */
function answering(tokens: readonly number[], finish: 'stop' | 'length'): Misbehave {
  const logprobs = { tokens: tokens.map(String), token_logprobs: tokens.map(() => -1) };
  return instead(isSample, choice({ finish_reason: finish, token_ids: tokens, logprobs }));
}
