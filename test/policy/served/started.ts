/** The double as a server that Lakatos starts: a command for `policy.server.command`, and an address for it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DoubleOptions } from './double-server.ts';

const PROGRAM = fileURLToPath(new URL('fixtures/double-main.ts', import.meta.url));

export const doubleCommand = (
  options: Pick<DoubleOptions, 'routes' | 'maxLength' | 'vocabulary'> & { readonly dies?: number } = {},
  name = '{name}',
): readonly string[] => [process.execPath, PROGRAM, '{model}', name, '{port}', JSON.stringify(options)];

/** Free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** The processes of that server as its supervisor wrote them down: the server first, then its child. */
export const notedIn = (dir: string, index = 0): readonly { readonly pid: number }[] =>
  JSON.parse(readFileSync(join(dir, `server-${index}.json`), 'utf8'));

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
