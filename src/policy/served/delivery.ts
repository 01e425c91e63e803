/**
 * How new weights reach a server, chosen once at the start by what is trained and what the server can do: an adapter
 * under a fresh name, whole weights by the server's reload path, or a restart with them. The first that is possible,
 * in that order.
 */
import { UsageError } from '../../ops/errors.ts';
import type { Offers } from './dialect.ts';
import type { Delivery, ServerSettings } from './settings.ts';

export interface DeliveryFacts {
  readonly wanted: ServerSettings['update'];
  readonly offers: Offers;
  /** An adapter is trained, not the weights. */
  readonly adapter: boolean;
  /** Lakatos started the server and may restart it. */
  readonly supervised: boolean;
}

const WHY: Readonly<Record<Delivery, (facts: DeliveryFacts) => string | null>> = {
  adapter: ({ adapter, offers }) => {
    if (!adapter) return 'whole weights are trained (policy.trainer.method = "full")';
    return offers.adapters
      ? null
      : 'the server loads no adapters at run time (vLLM: --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True)';
  },
  reload: ({ adapter, offers }) => {
    if (adapter) return 'an adapter is trained (policy.trainer.method = "lora")';
    return offers.reload ? null : 'the server has no reload path (vLLM: VLLM_SERVER_DEV_MODE=1)';
  },
  restart: ({ adapter, supervised }) => {
    if (adapter) return 'an adapter is trained, which a restarted server would not have';
    return supervised ? null : 'Lakatos did not start the server (policy.server.command)';
  },
};

export function chooseDelivery(facts: DeliveryFacts): Delivery {
  const order: readonly Delivery[] =
    facts.wanted === 'auto' ? ['adapter', 'reload', 'restart'] : [facts.wanted];
  const obstacles = order.map((delivery) => [delivery, WHY[delivery](facts)] as const);
  const chosen = obstacles.find(([, obstacle]) => obstacle === null);
  if (chosen !== undefined) return chosen[0];
  throw new UsageError(
    `policy.server.update: no way to bring new weights to this server: ${obstacles.map(([delivery, obstacle]) => `${delivery}: ${obstacle}`).join('; ')}.`,
    'policy.server.update',
  );
}
