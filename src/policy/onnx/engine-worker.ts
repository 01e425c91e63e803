/**
 * The worker thread's entry: answers calls on an Engine or a RewardEngine, one after the other.
 *
 * The runtime's `run` blocks its thread; it yields between runs, which is when a cancellation is heard.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './engine.ts';
import { NativeGate } from './native-gate.ts';
import { type CallMessage, type ReplyMessage, toWire } from './protocol.ts';
import { RewardEngine } from './reward-engine.ts';

// EngineClient hands over the gate's memory as the worker's data.
if (parentPort !== null) serve(parentPort, new NativeGate(workerData));

function serve(port: NonNullable<typeof parentPort>, gate: NativeGate): void {
  const cancelled = new Set<number>();
  let closing = false;
  const reply = (message: ReplyMessage) => port.postMessage(message);
  let engine: Engine | null = null;
  let reward: RewardEngine | null = null;
  let last: Promise<void> = Promise.resolve();

  const opened = (): Engine => {
    if (engine === null) throw new Error('no checkpoint was opened');
    return engine;
  };

  const openedReward = (): RewardEngine => {
    if (reward === null) throw new Error('no reward model was opened');
    return reward;
  };

  const handle = async (call: Exclude<CallMessage, { kind: 'cancel' | 'close' }>): Promise<unknown> => {
    switch (call.kind) {
      case 'open':
        engine = await Engine.open(call.args.dir, { ...call.args.options, gate });
        return engine.version;
      case 'version':
        return opened().version;
      case 'sample': {
        const stopped = () => closing || cancelled.has(call.id);
        for await (const item of opened().sample(call.args.requests, call.args.settings, stopped)) {
          reply({ id: call.id, kind: 'item', item });
        }
        return null;
      }
      case 'score':
        return opened().score(call.args);
      case 'embed':
        return opened().embed(call.args);
      case 'openTrainer':
        return opened().openTrainer(call.args.settings, call.args.totalSteps, call.args.revertible);
      case 'step':
        return opened().step(call.args.handle, call.args.rows);
      case 'closeTrainer':
        await opened().closeTrainer(call.args.handle, call.args.revert);
        return opened().version;
      case 'writeTrainer':
        await opened().writeTrainer(call.args.handle, call.args.dir, call.args.position);
        return null;
      case 'resumeTrainer':
        return opened().resumeTrainer(call.args.dir);
      case 'writeAdapters':
        await opened().writeAdapters(call.args.dir);
        return opened().version;
      case 'openReward':
        reward = await RewardEngine.open(call.args.dir, { ...call.args.options, gate });
        return reward.steps;
      case 'rewardStep':
        return openedReward().step(call.args);
      case 'rewardScore':
        return openedReward().score(call.args);
      case 'writeReward':
        return openedReward().write(call.args.dir);
      case 'writeWeights':
        await opened().writeWeights(call.args.path, call.args.dtype);
        return opened().version;
    }
  };

  port.on('message', (message: CallMessage) => {
    if (message.kind === 'cancel') {
      cancelled.add(message.id);
      return;
    }
    if (message.kind === 'close') {
      closing = true;
      // With its port closed and its sessions released, nothing keeps the thread alive.
      void last.then(() => Promise.all([engine?.close(), reward?.close()])).finally(() => port.close());
      return;
    }
    last = last.then(async () => {
      if (closing) return;
      try {
        reply({ id: message.id, kind: 'done', result: await handle(message) });
      } catch (error) {
        reply({ id: message.id, kind: 'failed', error: toWire(error) });
      } finally {
        cancelled.delete(message.id);
      }
    });
  });
}
