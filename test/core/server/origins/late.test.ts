// Late news of an instance: if the instance has ended, it is not believed at once; if another still
// answers for it, it is.

import { expect, test } from 'vitest';
import { instanceIdOf, put, ServerStage } from '../../../support/server-stage.ts';

const closed = { kind: 'delete', instance: instanceIdOf('a'), cause: 'closed' } as const;

test('[R98] what another log has let go is believed only when it has stood for a second', () => {
  const stage = new ServerStage();
  const [one, other] = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')];
  stage.tell(one, '1', put('a'));
  stage.tell(one, '1', closed);

  stage.tell(other, '2', put('a'));
  expect(stage.instances()).toEqual({});
  stage.pass(1_000);

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R98] a server that starts anew is believed of what its former life still answers for', () => {
  const stage = new ServerStage();
  const [leaving, other] = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')];
  stage.tell(leaving, '1', put('a'));
  stage.tell(other, '2', put('a'));
  stage.tell(other, '2', closed);
  stage.tell(leaving, '1', { kind: 'bye' });
  expect(Object.keys(stage.instances())).toEqual(['a']);

  const again = stage.neighbour('3', { host: 'h1' }, '2');
  stage.tell(again, '3', put('a'));

  expect(stage.instances()).toEqual({ a: 'live' });
});
