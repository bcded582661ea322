import { expect, test } from 'vitest';

import { createJudge } from '../../src/sidecar/health.ts';

const ill = { isHealthy: false, reason: 'ill' };
const well = { isHealthy: true };

function opinions(answers: string, isHealthyAtFirst = true) {
  const judge = createJudge({ rise: 2, fall: 3 }, isHealthyAtFirst);
  return Array.from(answers, (answer) => judge(answer === '+' ? null : 'ill'));
}

test('it falls after so many bad answers in a row, once', () => {
  expect(opinions('----')).toEqual([null, null, ill, null]);
});

test('a good answer in between makes it count anew', () => {
  expect(opinions('--+--')).toEqual([null, null, null, null, null]);
});

test('it rises after so many good answers in a row, once', () => {
  expect(opinions('---+++')).toEqual([null, null, ill, null, well, null]);
});

test('it may be unhealthy to begin with', () => {
  expect(opinions('++', false)).toEqual([null, well]);
});
