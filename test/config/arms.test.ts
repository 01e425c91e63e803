import { expect, test } from 'vitest';
import { ARM_NAMES, settingsOfArm } from '../../src/config/arms.ts';
import { loadConfig } from '../../src/config/index.ts';

const armed = (name: string, ...more: string[]) =>
  loadConfig({ overrides: [...settingsOfArm(name), ...more] }).config;

test('every arm is a configuration that loads', () => {
  for (const name of ARM_NAMES) expect(() => armed(name), name).not.toThrow();
});

test('the arms differ in what their names say', () => {
  expect(armed('sampling')).toMatchObject({ learn: { frozen: true }, propose: { conjectures: 0 } });
  expect(armed('expert-iteration')).toMatchObject({
    learn: { frozen: false, objective: 'expert-iteration' },
    propose: { conjectures: 0 },
  });
  expect(armed('stp')).toMatchObject({ learn: { objective: 'stp' }, select: { strategy: 'matching' } });
  expect(armed('stp').propose.conjectures).toBeGreaterThan(0);
  expect(armed('stp+oreal-repo')).toMatchObject({
    learn: { objective: 'oreal-repo', bufferRounds: 1 },
    select: { strategy: 'matching' },
  });
  expect(armed('frozen-conjecturer')).toMatchObject({
    propose: { policy: 'first' },
    learn: { conjecturerShare: 0 },
  });
  expect(armed('no-matching').select.strategy).toBe('window');
  expect(armed('archive').select.strategy).toBe('archive');
});

test('a single setting wins over the arm', () => {
  expect(armed('stp', 'learn.bufferRounds=1').learn.bufferRounds).toBe(1);
});

test('an unknown arm is refused with the names there are', () => {
  expect(() => settingsOfArm('stp+magic')).toThrow(/--arm: expected one of sampling, .*found stp\+magic/);
});
