/**
 * A stand-in for the `isabelle` tool, as a program of its own: `version` and `getenv` answer, `server` speaks the protocol
 * over TCP in the words of the real one, `build` builds. What it cannot do is prove: the proofs that hold are listed
 * below, and a few words in a proof make it misbehave in ways that a real server can.
 *
 *   LAKATOS_DOUBLE_LOG      a line to this file for every event, for tests to wait on
 *   LAKATOS_DOUBLE_PIECES   bytes a write, for partial frames; default: all at once
 *   LAKATOS_DOUBLE_NAME     how it calls itself
 *   LAKATOS_DOUBLE_HEAPS    folder of its heaps
 *   LAKATOS_DOUBLE_REFUSES  proofs that a build does not confirm
 *   LAKATOS_DOUBLE_BUILD_ERROR  what its builds fail with
 *   LAKATOS_DOUBLE_MODES    what else goes wrong:
 *     purge-error     theories are not forgotten
 *     start-failed    no session starts
 *     start-hangs     nor does it fail
 *     unfinished      tasks end before their theories are through, as with a check_limit
 *     no-messages     nodes without their messages
 *     unconfirmed     builds end well and have checked nothing
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeReply, frames } from './frames.ts';
import { type Judgement, judge, unhex } from './judgements.ts';

const { env } = process;
const HOME = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');
const [command = '', ...args] = process.argv.slice(2);

const modes = new Set((env.LAKATOS_DOUBLE_MODES ?? '').split(';'));
const log = (event: string): void => {
  if (env.LAKATOS_DOUBLE_LOG) appendFileSync(env.LAKATOS_DOUBLE_LOG, `${event}\n`);
};

if (command === 'version') process.stdout.write(`${env.LAKATOS_DOUBLE_NAME ?? 'Isabelle2024'}\n`);
else if (command === 'getenv') getenv(args);
else if (command === 'server') serve();
else if (command === 'build') process.exitCode = build(args);
else process.exitCode = 2;

function getenv(names: readonly string[]): void {
  const heaps = env.LAKATOS_DOUBLE_HEAPS ?? '/nonexistent';
  const values: Readonly<Record<string, string>> = {
    ISABELLE_NAME: env.LAKATOS_DOUBLE_NAME ?? 'Isabelle2024',
    ISABELLE_HOME: HOME,
    ISABELLE_HOME_USER: heaps,
    ISABELLE_HEAPS: heaps,
    ISABELLE_HEAPS_SYSTEM: `${heaps}-system`,
    ML_IDENTIFIER: 'polyml',
  };
  for (const name of names) process.stdout.write(`${name}=${values[name] ?? ''}\n`);
}

/** Files of theories: `theory NAME imports … begin … end`. */
interface Theory {
  readonly name: string;
  readonly imports: readonly string[];
  readonly commands: readonly string[];
}

function readTheory(dir: string, name: string): Theory {
  const file = join(dir, `${name}.thy`);
  if (!existsSync(file)) throw new Error(`Cannot load theory file ${JSON.stringify(file)}`);
  const text = readFileSync(file, 'utf8');
  const [, imports = '', body = ''] =
    /\bimports\s+(.*)\n(?:\s+keywords.*\n)?\s*begin\b([\s\S]*)\bend\s*$/.exec(text) ?? [];
  return {
    name,
    imports: imports.split(/\s+/).map((word) => word.replaceAll('"', '')),
    commands: body.split('\n').filter((line) => line.trim() !== ''),
  };
}

const KNOWN = new Set(['Pure', 'Main', 'Complex_Main', 'HOL.List', 'HOL-Library.Multiset', 'Lakatos_Judge']);

function serve(): void {
  const password = randomUUID();
  // Isabelle's ML process leads a group of its own, which a kill of the server's group does not reach.
  const ml = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  log(`ml ${ml.pid}`);
  const server = createServer((socket) => talk(socket, password, end));
  const end = () => {
    log('end');
    ml.kill('SIGKILL');
    process.exit(0);
  };
  process.once('SIGTERM', end); // as Java's hooks do
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') return;
    const name = args[args.indexOf('-n') + 1];
    process.stdout.write(`server "${name}" = 127.0.0.1:${address.port} (password "${password}")\n`);
    log(`server ${process.pid}`);
    log(`port ${address.port}`);
  });
}

function talk(socket: Socket, password: string, end: () => void): void {
  const pieces = Number(env.LAKATOS_DOUBLE_PIECES ?? 0);
  const send = (name: string, argument?: unknown): void => {
    const bytes = encodeReply(name, argument);
    const size = pieces > 0 ? pieces : bytes.length;
    for (let i = 0; i < bytes.length; i += size) socket.write(bytes.subarray(i, i + size));
  };
  socket.setNoDelay(true);
  socket.on('error', () => {});
  let known = false;
  const tasks = new Map<string, () => void>();
  frames(socket, (line) => {
    if (!known) {
      known = line === password;
      if (known) send('OK', { isabelle_id: 'double', isabelle_name: 'Isabelle2024' });
      else socket.end(); // silently, as the real one
      return;
    }
    if (line === '') {
      send('NOTE', "Command 'help' provides list of commands");
      return;
    }
    const [, name = '', argument = ''] = /^([A-Za-z0-9_.]*)\s*([\s\S]*)$/.exec(line) ?? [];
    log(name);
    answer(name, argument === '' ? undefined : JSON.parse(argument));
  });

  /** The reply that names the task, then the task. */
  function start(body: (task: string) => void): void {
    const task = randomUUID();
    send('OK', { task });
    body(task);
  }

  function answer(name: string, argument: unknown): void {
    if (name === 'session_start') start(sessionStart);
    else if (name === 'use_theories') start((task) => useTheories(task, argument));
    else if (name === 'purge_theories' && modes.has('purge-error')) send('ERROR', 'Bad node');
    else if (name === 'purge_theories') send('OK', { purged: named(argument), retained: [] });
    else if (name === 'cancel') {
      send('OK');
      tasks.get((argument as { task: string }).task)?.();
    } else if (name === 'shutdown') {
      send('OK');
      socket.end(end);
    } else if (name === 'echo') send('OK', argument);
    else if (name === 'help') send('OK', ['cancel', 'echo', 'help', 'purge_theories', 'session_start']);
    else send('ERROR', `Bad command '${name}'`);
  }

  function sessionStart(task: string): void {
    send('NOTE', { kind: 'writeln', message: 'Starting session HOL ...', task });
    if (modes.has('start-hangs')) log('starting');
    else if (modes.has('start-failed'))
      send('FAILED', { kind: 'error', message: 'Session start failed', task });
    else send('FINISHED', { session_id: randomUUID(), tmp_dir: tmpdir(), task });
  }

  function useTheories(task: string, argument: unknown): void {
    const { theories, master_dir } = argument as { theories: string[]; master_dir: string };
    try {
      const read = theories.map((name) => readTheory(master_dir, name));
      const missing = read.flatMap((t) => t.imports).find((name) => !KNOWN.has(name) && name !== '');
      if (missing === 'HOL-Slow.Slow') return void log('slow');
      if (missing === 'HOL-Broken.Deadly') process.exit(1);
      if (missing === 'HOL-Broken.Interrupted') {
        const errors = [{ kind: 'error', message: 'Interrupt' }];
        return void send('FINISHED', { ok: false, errors, nodes: [], task });
      }
      if (missing !== undefined) throw new Error(`Cannot load theory ${JSON.stringify(missing)}`);
      const judged = read.map((theory) => ({ theory, judgements: theory.commands.flatMap(judgementOf) }));
      const all = judged.flatMap(({ judgements }) => judgements);
      if (all.some((j) => j.act === 'die')) process.exit(1);
      if (all.some((j) => j.act === 'drop')) return void socket.destroy();
      if (all.some((j) => j.act === 'fail')) throw new Error('Interrupt');
      if (all.some((j) => j.act === 'hang')) {
        log('hanging');
        tasks.set(task, () => send('FAILED', { kind: 'error', message: 'Interrupt', task }));
        return;
      }
      for (const { theory } of judged)
        send('NOTE', {
          kind: 'writeln',
          message: `theory Draft.${theory.name} 100%`,
          theory: theory.name,
          task,
        });
      send('NOTE', { kind: 'nodes_status', nodes_status: [] }); // carries no task
      const nodes = judged.map(({ theory, judgements }) => nodeOf(master_dir, theory, judgements));
      send('FINISHED', { ok: true, errors: [], nodes, task });
    } catch (error) {
      send('FAILED', {
        kind: 'error',
        message: error instanceof Error ? error.message : String(error),
        task,
      });
    }
  }
}

const named = (argument: unknown) =>
  ((argument as { theories?: string[] }).theories ?? []).map((name) => ({
    node_name: name,
    theory_name: name,
  }));

function nodeOf(dir: string, { name }: Theory, judgements: readonly Judgement[]) {
  const total = judgements.length + 2;
  const whole = { ok: true, total, unprocessed: 0, running: 0, warned: 0, failed: 0, finished: total };
  const begun = { ...whole, unprocessed: total - 1, running: 1, finished: 0 };
  const [unfinished, silent] = [modes.has('unfinished') && judgements.length > 0, modes.has('no-messages')];
  const heard = unfinished ? [] : judgements;
  return {
    node_name: join(dir, `${name}.thy`),
    theory_name: `Draft.${name}`,
    status: { ...(unfinished ? begun : whole), canceled: false, consolidated: !unfinished, percentage: 100 },
    ...(silent && judgements.length > 0 ? {} : { messages: heard.flatMap(messagesOf) }),
    exports: [],
  };
}

const messagesOf = ({ messages }: Judgement, i: number) =>
  messages.map((message) => ({ kind: 'writeln', message: symbolic(message), pos: { line: 4 + i } }));

/** The real server reads messages as Isabelle's symbols and writes them so. */
const symbolic = (text: string): string => text.replaceAll('∀', '\\<forall>');

function judgementOf(command: string): Judgement[] {
  const words = command.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
  return words[0] === 'lakatos_judge' || words[0] === 'lakatos_inspect' ? [judge(words)] : [];
}

/** 0 when every candidate holds and the last theory checks each of them. */
function build(words: readonly string[]): number {
  const dir = words[words.indexOf('-d') + 1] ?? '.';
  const session = words.at(-1) ?? '';
  log(`build ${session}`);
  if (
    !words.includes('quick_and_dirty=false') ||
    !readFileSync(join(dir, 'ROOT'), 'utf8').includes(`session ${session} =`)
  )
    return 2;
  const failed = (errors: readonly string[]) => {
    const title = `${session} FAILED (see also "isabelle build_log -H Error ${session}")`;
    process.stdout.write(`${title}\n${errors.map((line) => `*** ${line}\n`).join('')}`);
    return 1;
  };
  if (env.LAKATOS_DOUBLE_BUILD_ERROR) return failed(env.LAKATOS_DOUBLE_BUILD_ERROR.split('; '));
  const confirmed = readTheory(dir, 'Confirmed');
  const errors = confirmed.commands.flatMap((command) => {
    const [, name = '', statement = '', file = '', nonce = ''] =
      /^lakatos_confirm "(\w+)" "([0-9a-f]*)" "([0-9a-f]*)" "([0-9a-f]*)"$/.exec(command) ?? [];
    const text = readFileSync(join(dir, `${name}.thy`), 'utf8');
    const refused = (env.LAKATOS_DOUBLE_REFUSES ?? '').split(';').filter(Boolean);
    if (text.includes(unhex(statement)) && !refused.some((proof) => text.includes(proof))) {
      if (!modes.has('unconfirmed')) writeFileSync(unhex(file), nonce);
      return [];
    }
    return [`lakatos: ${name} the fact proved is not the statement`, `At command "lakatos_confirm" (line 5)`];
  });
  process.stdout.write(`Running ${session} ...\n`);
  if (errors.length > 0) return failed(errors);
  process.stdout.write(`Finished ${session} (0:00:01 elapsed time)\n`);
  return 0;
}
