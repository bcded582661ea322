// The lives of one server: of one that was lost it is known for good that another has begun.

import { expect, test } from 'vitest';
import { comeBack, mesh, silence } from '../../../support/mesh.ts';
import { down, up } from '../../../support/server-stage.ts';

/** The next life of the server with the digit 1. */
const AGAIN = { host: 'h1', side: 'a' } as const;

test('[R121] a life that was followed by another has crashed, though that one has left', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '1');
  stage.pass(500);
  const again = stage.neighbour('4', AGAIN, '3');
  stage.tell(links['3']!, '3', up('4'));
  stage.tell(again, '4', { kind: 'bye' });

  silence(stage, { '2': links['2']!, '3': links['3']! }, '2');
  stage.pass(500);

  expect(stage.standingOf('2')).toBe('crashed');
  expect(stage.instances()).toEqual({ '3': 'live' });
});

test('[R121] so has one whose next life came before its loss was noticed', () => {
  const { stage, links } = mesh('123');
  stage.hush(links['1']!);
  stage.pass(600);
  const again = stage.neighbour('4', AGAIN, '3');
  stage.tell(links['3']!, '3', up('4'));
  stage.pass(600);
  for (const reporter of '23') stage.tell(links['3']!, reporter, down('1', 'silent'));
  expect(stage.standingOf('1')).toBe('suspect');
  stage.tell(again, '4', { kind: 'bye' });

  silence(stage, { '2': links['2']!, '3': links['3']! }, '2');
  stage.pass(500);

  expect(stage.standingOf('2')).toBe('crashed');
  expect(stage.instances()).toEqual({ '3': 'live' });
});

test('[R121] one that is in reach again after all is judged as any other', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '1');
  const again = stage.neighbour('4', AGAIN, '3');
  stage.tell(links['3']!, '3', up('4'));
  stage.tell(again, '4', { kind: 'bye' });
  comeBack(stage, links, '1');
  expect(stage.standingOf('1')).toBe('reachable');
  stage.tell(links['3']!, '3', down('1', 'silent'));

  silence(stage, { '2': links['2']!, '3': links['3']! }, '2');
  stage.pass(500);

  expect(stage.instances()).toEqual({ '1': 'stale', '2': 'stale', '3': 'live' });
});
