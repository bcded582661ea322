import { expect, test } from 'vitest';

import { onChangeOf } from '../../../src/cli/lookup/on-change.ts';

test.each([
  ['restart', 'restart'],
  ['HUP', 'SIGHUP'],
  ['SIGUSR1', 'SIGUSR1'],
  ['hup', 'SIGHUP'],
])('--on-change %s is %s', (text, wanted) => {
  expect(onChangeOf(text)).toBe(wanted);
});

test.each(['', 'reload', 'SIG', '1', 'toString'])('--on-change %j is refused', (text) => {
  expect(() => onChangeOf(text)).toThrow(/is no signal/);
});
