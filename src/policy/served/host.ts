/**
 * The servers behind a served policy and what they serve: started or found, probed, given new weights, put to rest
 * while the trainer needs the machine, brought up again when one dies. It knows which version is being served and makes
 * sure of it; it samples nothing.
 */
import { realpath } from 'node:fs/promises';
import { LakatosError, UsageError } from '../../ops/errors.ts';
import { chooseDelivery } from './delivery.ts';
import type { Dialect, ModelId } from './dialect.ts';
import { VersionError } from './errors.ts';
import { Fleet } from './fleet.ts';
import type { Replica } from './http.ts';
import type { Place } from './place.ts';
import { probeServer, type ServerFacts } from './probe.ts';
import { ServerProcesses } from './server-process.ts';
import type { Delivery, ServerSettings } from './settings.ts';

export interface Weights {
  /** Whole weights, or an adapter over the base. */
  readonly dir: string;
  readonly version: string;
}

export interface HostOptions {
  readonly dialect: Dialect;
  readonly place: Place;
  readonly settings: ServerSettings;
  readonly apiKey?: string | undefined;
  /** What the servers start with. */
  readonly base: Weights;
  /** Adapters are trained, not weights; null when nothing is trained. */
  readonly adapter: boolean | null;
  /** For the servers' logs. */
  readonly workDir: string;
  readonly retryMilliseconds: number;
  /** One line for a person. */
  readonly say?: ((message: string) => void) | undefined;
  /** Once aborted, no server is started any more. */
  readonly signal?: AbortSignal | undefined;
}

/** After an answer of status 5xx, how long a server of ours may take to end itself for its engine having died. */
const ENDING_MILLISECONDS = 10_000;

/** What is served under which id. */
interface Serving extends Weights {
  readonly model: ModelId;
}

export class Host {
  readonly fleet: Fleet;
  readonly #options: HostOptions;
  readonly #processes: ServerProcesses | null;
  #facts: ServerFacts | null = null;
  #longest: number | null = null;
  #delivery: Delivery | null = null;
  #serving: Serving;
  /** Whether weights were brought by the reload path since the servers started. */
  #reloaded = false;
  #resting = false;
  #reviving: Promise<void> | null = null;

  private constructor(options: HostOptions) {
    const { place, settings, apiKey, base, retryMilliseconds, workDir, say, signal } = options;
    this.#options = options;
    const { concurrency, retries, command } = settings;
    this.fleet = new Fleet({
      urls: place.urls,
      apiKey,
      concurrency,
      retries,
      retryMilliseconds,
      onLost: () => this.#revive(),
      ending: async (replica) => (await this.#processes?.endsWithin(replica, ENDING_MILLISECONDS)) ?? false,
    });
    this.#processes =
      command === undefined
        ? null
        : new ServerProcesses(this.fleet.replicas, { ...settings, command, logDir: workDir, say, signal });
    this.#serving = { ...base, model: { id: this.#baseId(base), adapter: false } };
  }

  static async open(options: HostOptions): Promise<Host> {
    const host = new Host(options);
    try {
      await host.#start(options.base);
      await host.#probe();
      await host.#meetBase();
      return host;
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  get model(): ModelId {
    return this.#serving.model;
  }

  get base(): Weights {
    return this.#options.base;
  }

  get facts(): ServerFacts {
    if (this.#facts === null) throw new Error('the host is not open');
    return this.#facts;
  }

  /** Longest sequence that every replica takes, prompt and completion; null where none tells. */
  get longest(): number | null {
    return this.#longest;
  }

  get delivery(): Delivery | null {
    return this.#delivery;
  }

  control(replica: Replica) {
    return { replica, seconds: this.#options.settings.controlSeconds };
  }

  /** The id of the base while adapters are served over it; undefined when the base is no longer served. */
  baseModel(): ModelId | undefined {
    const servesBase = this.#delivery === 'adapter' || this.#serving.version === this.base.version;
    return servesBase ? { id: this.#baseId(this.base), adapter: false } : undefined;
  }

  /** Serves these weights from now on, on every replica. */
  async deliver(weights: Weights): Promise<void> {
    if (weights.version === this.#serving.version) return;
    const former = this.#serving;
    switch (this.#delivery) {
      case 'adapter':
        this.#serving =
          weights.version === this.base.version
            ? { ...weights, model: { id: this.#baseId(weights), adapter: false } }
            : await this.#loadAdapter(weights);
        if (former.model.adapter) await this.#unload(former.model);
        return;
      case 'reload':
        await this.#reload(weights);
        return;
      case 'restart':
        await this.#processes?.stop();
        await this.#start(weights);
        return;
      case null:
        throw new LakatosError(
          `policy.trainer.model is not set: there is nothing that makes new weights, and no way to serve ${weights.dir}.`,
        );
    }
  }

  /** Makes room for the trainer, as configured. */
  async rest(): Promise<void> {
    const { whileLearning } = this.#options.settings;
    if (whileLearning === 'keep') return;
    this.#resting = true;
    if (whileLearning === 'stop') await this.#processes?.stop();
    else await this.fleet.tell((replica) => this.#dialect.sleep(this.control(replica), this.#forgetsWeights));
  }

  /** Ends the rest with these weights, which may be those it began with. */
  async wake(weights: Weights): Promise<void> {
    const { whileLearning } = this.#options.settings;
    if (whileLearning === 'sleep') {
      await this.fleet.tell((replica) => this.#dialect.wake(this.control(replica), this.#forgetsWeights));
      if (this.#forgetsWeights) await this.#reload(weights);
    }
    if (whileLearning === 'stop') await this.#bringUp(weights);
    this.#resting = false;
    await this.deliver(weights);
  }

  /** Refuses when any replica says that it has other weights than these. */
  async verifyVersion(): Promise<void> {
    if (!this.#reloaded || !this.facts.offers.weightVersion) return;
    await this.fleet.askEach(async (replica) => {
      const found = await this.#dialect.weightVersion(this.control(replica));
      if (found !== this.#serving.version) throw otherVersion(replica, this.#serving.version, found);
    });
  }

  /** Refuses samples of another model or other weights than these. */
  checkSampled(model: string, weightVersion: string | undefined): void {
    const { version } = this.#serving;
    if (model !== this.#serving.model.id)
      throw new VersionError(
        `expected samples of ${this.#serving.model.id} (version ${version}), the server answered as ${model}; nothing of this is stored.`,
      );
    if (this.#reloaded && weightVersion !== undefined && weightVersion !== version)
      throw new VersionError(
        `expected samples of version ${version}, the server answered with ${weightVersion}; another program changes its weights.`,
      );
  }

  /** Adapters loaded here stay with a server of somebody else's, but for the last one. */
  async close(): Promise<void> {
    await this.#processes?.close();
    await this.fleet.close();
  }

  get #dialect(): Dialect {
    return this.#options.dialect;
  }

  /** Whole weights come anew anyway; adapters need their base back. */
  get #forgetsWeights(): boolean {
    return this.#delivery === 'reload';
  }

  /** A server of ours is told its name, and the name says the version. */
  #baseId(weights: Weights): string {
    const { place, settings } = this.#options;
    const named = settings.command?.some((part) => part.includes('{name}')) ?? false;
    const plain = place.name ?? this.#facts?.base.id ?? '';
    return named ? `${place.name ?? 'lakatos'}-${weights.version}` : plain;
  }

  async #start(weights: Weights): Promise<void> {
    const id = this.#baseId(weights);
    await this.#processes?.start({ model: weights.dir, name: id });
    this.#reloaded = false;
    this.#serving = { ...weights, model: { id, adapter: false } };
  }

  async #probe(): Promise<void> {
    const { settings, adapter } = this.#options;
    const name = this.#serving.model.id || undefined;
    const all = await this.fleet.tell((replica) => probeServer(this.#dialect, this.control(replica), name));
    const [facts] = all;
    if (facts === undefined) throw new Error('a fleet has at least one replica');
    this.#refuseUnlike(all);
    this.#facts = facts;
    const lengths = all.flatMap(({ base }) => base.maxLength ?? []);
    this.#longest = lengths.length === 0 ? null : Math.min(...lengths);
    this.#serving = { ...this.#serving, model: { id: facts.base.id, adapter: facts.base.parent !== null } };
    const supervised = this.#processes !== null;
    if (adapter !== null)
      this.#delivery = chooseDelivery({ wanted: settings.update, offers: facts.offers, adapter, supervised });
    if (adapter !== null && settings.whileLearning === 'stop' && !supervised)
      throw new UsageError(
        'policy.server.whileLearning: "stop" needs a server that Lakatos started (policy.server.command); use "sleep" or "keep".',
        'policy.server.whileLearning',
      );
    if (adapter !== null && settings.whileLearning === 'sleep' && !facts.offers.sleep)
      throw new UsageError(
        `policy.server.whileLearning: "sleep" needs a server that can (vLLM: --enable-sleep-mode and VLLM_SERVER_DEV_MODE=1; SGLang: --enable-memory-saver); this one offers no such path.`,
        'policy.server.whileLearning',
      );
  }

  /** Somebody else's server may have other weights than `base`: an earlier run's, or never the same. */
  async #meetBase(): Promise<void> {
    if (this.#processes !== null) return;
    const { base } = this;
    const { root } = this.facts.base;
    if (root !== null && !(await samePlace(root, base.dir)))
      this.#options.say?.(
        `the server says it serves ${root}, policy.trainer.model is ${base.dir}: tokenizer, version and training are of the latter; see that they are one model`,
      );
    const { weightVersion } = this.facts.offers;
    if (!weightVersion && this.#delivery === 'reload') await this.#reload(base); // it cannot tell
    if (!weightVersion) return;
    const names = await this.fleet.tell((replica) => this.#dialect.weightVersion(this.control(replica)));
    const other = names.find((name) => name !== null && name !== base.version && OURS.test(name));
    if (other === undefined) return;
    if (this.#delivery === 'reload') await this.#reload(base);
    else
      throw new VersionError(
        `the server says that an earlier run left it with version ${other}; ${base.dir} is version ${base.version}. Restart it with these weights.`,
      );
  }

  #refuseUnlike(all: readonly ServerFacts[]): void {
    const kinds = new Set(
      all.map(({ base, offers, logprobsOf }) => JSON.stringify([base.id, offers, logprobsOf])),
    );
    if (kinds.size > 1)
      throw new UsageError(
        `policy.uri: the replicas are not alike: ${[...kinds].join(' and ')}. Start them with the same version and options.`,
        'policy.uri',
      );
  }

  async #loadAdapter(weights: Weights): Promise<Serving> {
    const id = `lakatos-${weights.version}`;
    await this.fleet.tell((replica) => this.#loadAdapterAt(replica, id, weights.dir));
    return { ...weights, model: { id, adapter: true } };
  }

  async #loadAdapterAt(replica: Replica, id: string, dir: string): Promise<void> {
    const control = this.control(replica);
    const loaded = (await this.#dialect.models(control)).some((model) => model.id === id);
    if (!loaded) await this.#dialect.loadAdapter(control, id, dir);
  }

  /** The new one is served: an old one that cannot be dropped costs memory, not correctness. */
  async #unload({ id }: ModelId): Promise<void> {
    await this.fleet.tell((replica) =>
      this.#dialect.unloadAdapter(this.control(replica), id).catch(() => {}),
    );
  }

  async #reload(weights: Weights): Promise<void> {
    const { dir, version } = weights;
    await this.fleet.tell((replica) => this.#dialect.reload(this.control(replica), dir, version));
    this.#serving = { ...weights, model: this.#serving.model };
    this.#reloaded = true;
    await this.verifyVersion();
  }

  /** Starts the servers anew so that they serve these weights. */
  async #bringUp(weights: Weights): Promise<void> {
    const onlyBase = this.#delivery === 'adapter';
    await this.#start(onlyBase ? this.base : weights);
    if (onlyBase) await this.deliver(weights);
  }

  /** After a lost connection: one of our servers may have died. All who lost one wait for the same new start. */
  async #revive(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const processes = this.#processes;
    if (processes === null || this.#resting) return;
    const broken = processes.broken;
    if (broken.length > 0)
      this.#reviving ??= this.fleet
        .without(broken, () => this.#reviveBroken(processes, this.#serving))
        .finally(() => {
          this.#reviving = null;
        });
    await this.#reviving;
  }

  /** Those that died serve again what all serve, under the id that calls in hand carry; the others are left as they are. */
  async #reviveBroken(processes: ServerProcesses, { model, dir, version }: Serving): Promise<void> {
    this.#options.say?.('a server has ended by itself; starting it again');
    const start = model.adapter
      ? { model: this.base.dir, name: this.#baseId(this.base) }
      : { model: dir, name: model.id };
    const revived = await processes.start(start);
    await Promise.all(
      revived.map(async (replica) => {
        if (model.adapter) await this.#loadAdapterAt(replica, model.id, dir);
        // It has these weights, and does not know their name yet.
        else if (this.#reloaded) await this.#dialect.reload(this.control(replica), dir, version);
      }),
    );
  }
}

/** A version that a run gave. */
const OURS = /^[0-9a-f]{12}$/;

async function samePlace(a: string, b: string): Promise<boolean> {
  const real = (path: string) => realpath(path).catch(() => path);
  return (await real(a)) === (await real(b));
}

const otherVersion = (replica: Replica, wanted: string, found: string | null) =>
  new VersionError(
    `${replica.url}: expected weights ${wanted}, the server says it has ${found ?? 'none it can name'}; the update did not take, or another program changes its weights.`,
  );
