/** A real browser for the tests of the pages, spoken to over its own debugging protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** Undefined where no Chromium is installed. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);

const message = z.looseObject({
  id: z.int().optional(),
  method: z.string().optional(),
  sessionId: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.unknown().optional(),
});

type Message = z.infer<typeof message>;

export interface Look {
  /** Of the window, CSS pixels; below 600 it is a phone's. */
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

/** What became of a page. */
export interface Seen {
  /** Addresses that the page asked for, its own left out. */
  readonly asked: readonly string[];
  /** Whatever the console shows. */
  readonly said: readonly string[];
  /** CSS pixels that its content takes; at most the window's where nothing overflows. */
  readonly contentWidth: number;
  readonly background: string;
  readonly text: string;
}

export class Browser {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #heard = new Set<(message: Message) => void>();
  #calls = 0;

  /** @param profile a directory for what it writes */
  static async start(profile: string): Promise<Browser> {
    const child = spawn(
      CHROMIUM ?? '',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${profile}`,
        '--remote-debugging-port=0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    for await (const line of createInterface({ input: child.stderr })) {
      const [, address] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
      if (address === undefined) continue;
      child.stderr.resume(); // read on, or its pipe fills
      const socket = new WebSocket(address);
      await once(socket, 'open');
      return new Browser(child, socket);
    }
    throw new Error(`${CHROMIUM}: expected a debugging address, found that it ended with none.`);
  }

  private constructor(process: ChildProcess, socket: WebSocket) {
    this.#process = process;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const heard = message.parse(JSON.parse(String(data)));
      for (const listener of this.#heard) listener(heard);
    });
  }

  async see(address: string, { width, scheme }: Look): Promise<Seen> {
    const { targetId } = await this.#call('Target.createTarget', { url: 'about:blank' });
    const attached = await this.#call('Target.attachToTarget', { targetId, flatten: true });
    const session = z.string().parse(attached.sessionId);
    const call = (method: string, params = {}) => this.#call(method, params, session);
    const heard: Message[] = [];
    const loaded = Promise.withResolvers<void>();
    const listen = (event: Message) => {
      if (event.sessionId !== session) return;
      heard.push(event);
      if (event.method === 'Page.loadEventFired') loaded.resolve();
    };
    this.#heard.add(listen);
    for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await call(`${domain}.enable`);
    await call('Emulation.setDeviceMetricsOverride', {
      width,
      height: 844,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await call('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    await call('Page.navigate', { url: address });
    await loaded.promise;
    const expression = `({
      contentWidth: document.documentElement.scrollWidth,
      background: getComputedStyle(document.body).backgroundColor,
      text: document.body.innerText,
    })`;
    const { result } = await call('Runtime.evaluate', { expression, returnByValue: true });
    await this.#call('Target.closeTarget', { targetId });
    this.#heard.delete(listen);
    return { ...figures.parse(result).value, ...traces(heard, address) };
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }

  #call(method: string, params = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#calls;
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    const listen = (answer: Message) => {
      if (answer.id !== id) return;
      this.#heard.delete(listen);
      if (answer.error === undefined) resolve(answer.result ?? {});
      else reject(new Error(`${method}: ${JSON.stringify(answer.error)}`));
    };
    this.#heard.add(listen);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return promise;
  }
}

const figures = z.object({
  value: z.object({ contentWidth: z.number(), background: z.string(), text: z.string() }),
});
const request = z.looseObject({ request: z.looseObject({ url: z.string() }) });

function traces(heard: readonly Message[], address: string) {
  const of = (...methods: readonly string[]) => heard.filter((m) => methods.includes(m.method ?? ''));
  return {
    asked: of('Network.requestWillBeSent')
      .map(({ params }) => request.parse(params).request.url)
      .filter((url) => url !== address),
    said: of('Log.entryAdded', 'Runtime.consoleAPICalled', 'Runtime.exceptionThrown').map(({ params }) =>
      JSON.stringify(params),
    ),
  };
}
