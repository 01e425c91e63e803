/** The soak of bench/soak.ts, small: bombs among the attempts, and judges killed while they work. */
import { describe, expect, it } from 'vitest';
import { soak } from '../../../bench/soak.ts';

describe('a soak', () => {
  it('answers every attempt once, as in a quiet run, although judges are killed', {
    timeout: 1_800_000,
  }, async () => {
    const options = {
      attempts: 90,
      first: 0,
      distinct: 45,
      bombShare: 0.1,
      answersBetweenKills: 40,
      workers: 1,
    };
    const result = await soak(options);
    expect(result).toMatchObject({ answered: 90, answeredTwice: 0, different: [] });
    expect(result.kills).toBeGreaterThan(0);
    // The number that no memory holds; the kernel's heartbeats and the goals without end; the others are refused.
    expect(result.bombs).toMatchObject({ memory: 2, timeout: 4 });
    expect(result.verdicts.proved).toBeGreaterThan(5);
    expect(result.verdicts.fault).toBeUndefined();
  });
});
