import { expect, test } from 'vitest';
import { parsePlace } from '../../../src/policy/served/place.ts';

test('one replica, or several, and the name the server calls the model by', () => {
  expect(parsePlace('vllm', 'http://a:8000#qwen')).toEqual({ urls: ['http://a:8000'], name: 'qwen' });
  expect(parsePlace('vllm', 'a:1,http://b:2, https://c#m/n')).toEqual({
    urls: ['http://a:1', 'http://b:2', 'https://c'],
    name: 'm/n',
  });
  expect(parsePlace('sglang', 'http://[::1]:30000')).toEqual({ urls: ['http://[::1]:30000'] });
});

test.each([
  ['#name', 'which is no address'],
  ['http://a:8000,', 'which is no address'],
  ['ftp://a', 'the scheme ftp:'],
  ['http://a:8000/v1#m', 'a path (/v1)'],
  ['a:1,http://a:1#m', 'the same replica twice'],
])('%s is refused: %s', (place, reason) => {
  expect(() => parsePlace('vllm', place)).toThrow(reason);
});
