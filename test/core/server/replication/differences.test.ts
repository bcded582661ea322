// A neighbour that says that everything differs is logged in one line, and asked a bounded number
// of times.

import { expect, test } from 'vitest';
import { originOf, put, ServerStage } from '../../../support/server-stage.ts';

test('25,000 lines that differ are one line for the operator, and one question', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const other = stage.neighbour('2');
  stage.tell(other, '2', put('a'));
  stage.take(other);
  const line = { origin: originOf('2'), sequence: stage.sequenceOf('2'), hash: 1 };

  const lines = Array.from({ length: 25_000 }, () => line);
  stage.hear(link, { kind: 'check', lines, count: 1, hash: 1 });

  expect(stage.notices.filter(({ name }) => name === 'state-differs')).toHaveLength(1);
  const asked = stage.take(other).flatMap((one) => (one.kind === 'want' ? one.lines : []));
  expect(asked).toEqual([{ origin: originOf('2'), sequence: 0 }]);
});
