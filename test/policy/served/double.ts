/** The double of a server, for tests in the same process. */
import { onTestFinished } from 'vitest';
import { Double, type DoubleOptions } from './double-server.ts';

export * from './double-server.ts';

/** Listens until the test ends. */
export async function double(options: DoubleOptions = {}): Promise<{ server: Double; host: string }> {
  const server = new Double(options);
  const host = await server.listen();
  onTestFinished(() => server.close());
  return { server, host };
}
