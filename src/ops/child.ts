/**
 * Child programs that must not outlive this one. A kill -9 gives no chance to end them, so the kernel is asked to:
 * `setpriv --pdeathsig` (util-linux) has it send SIGTERM when the parent dies. Where there is no setpriv the command is
 * left as it is, and such a child may stay behind.
 */
import { existsSync } from 'node:fs';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

/** The command, to be run so that it ends with this process. */
export function boundToParent(command: readonly string[]): readonly [file: string, ...args: string[]] {
  const setpriv = SETPRIV.find((path) => existsSync(path));
  const [file, ...args] =
    setpriv === undefined ? command : [setpriv, '--pdeathsig', 'TERM', '--', ...command];
  if (file === undefined) throw new Error('a command has at least a program');
  return [file, ...args];
}

/** Passes the signal on to its whole group: the program's own children have not asked the kernel for one. */
const WHOLE_GROUP = 'trap "trap - TERM; kill -TERM 0" TERM; "$@" & wait $!; exit $?';

/** The same for a program that is a script and starts others: to be run `detached`, so that it leads a group of its own. */
export const groupBoundToParent = (command: readonly string[]) =>
  boundToParent(['/bin/sh', '-c', WHOLE_GROUP, 'sh', ...command]);

/** The last lines that a program wrote, for the message that says how it ended. */
export class LastLines {
  readonly #limit: number;
  readonly #lines: string[] = [];

  constructor(limit = 30) {
    this.#limit = limit;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines.shift();
  }

  get text(): string {
    return this.#lines.join('\n') || '(it wrote nothing)';
  }
}
