/** What the embedded Lean's process may not do, tried from inside: by JavaScript, since a candidate that could do more ran that. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { confined } from '../../../src/checkers/lean/embedded.ts';
import { isolation } from '../../../src/checkers/lean/isolation.ts';

const ATTACKS = `
const { isMainThread, Worker, parentPort } = require('node:worker_threads');
const [, , outside, secret, port] = process.argv;
const attempt = (what) => { try { what(); return 'done'; } catch (error) { return error.code ?? error.message; } };
const fs = require('node:fs'), child = require('node:child_process');
const said = {
  write: attempt(() => fs.writeFileSync(outside, 'x')),
  writeHere: attempt(() => fs.writeFileSync(__filename + '.new', 'x')),
  link: attempt(() => fs.symlinkSync(secret, outside)),
  read: attempt(() => fs.readFileSync(secret)),
  environment: attempt(() => fs.readFileSync('/proc/self/environ')),
  start: attempt(() => child.execFileSync('/bin/true')),
  addon: attempt(() => process.dlopen({ exports: {} }, secret)),
  inspector: attempt(() => new (require('node:inspector').Session)().connect()),
  variables: Object.keys(process.env).join(' '),
};
if (isMainThread) {
  require('node:net').connect(Number(port), '127.0.0.1').on('connect', () => tell('done')).on('error', (e) => tell(e.code));
  const tell = (network) => new Worker(__filename, { argv: [outside, secret, port] })
    .on('message', (thread) => { console.log(JSON.stringify({ ...said, network, thread })); process.exit(); });
} else parentPort.postMessage(said);
`;
const said = z.record(z.string(), z.string());

it('an embedded Lean writes nothing, reads what is its own, starts nothing, meets nobody, and its threads neither', async () => {
  const own = mkdtempSync(join(tmpdir(), 'lakatos-embedded-'));
  const [script, outside, secret] = [join(own, 'attacks.cjs'), join(own, 'outside'), join(own, 'secret')];
  writeFileSync(script, ATTACKS);
  writeFileSync(secret, 'secret');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const address = server.address();
  const port = typeof address === 'object' && address ? `${address.port}` : '';
  try {
    const [file = 'sh', ...args] = await confined([script], [script, outside, secret, port]);
    const { stdout } = await execa(file, args, { env: {}, extendEnv: false });
    const { network, thread, ...main } = z.looseObject({ thread: said }).parse(JSON.parse(stdout));
    const denied = 'ERR_ACCESS_DENIED';
    const refused = {
      write: denied,
      writeHere: denied,
      link: denied,
      read: denied,
      environment: denied,
      start: denied,
      addon: 'ERR_DLOPEN_DISABLED',
      inspector: denied,
    };
    expect(main).toMatchObject(refused);
    expect(thread).toMatchObject(refused);
    expect(network).toBe((await isolation()).network ? 'ENETUNREACH' : 'done');
    // What the shell sets by itself.
    expect(`${main.variables}`.split(' ').filter((name) => !/^(PWD|OLDPWD|SHLVL|_)$/.test(name))).toEqual([]);
    expect([existsSync(outside), readFileSync(secret, 'utf8')]).toEqual([false, 'secret']);
  } finally {
    server.close();
  }
});
