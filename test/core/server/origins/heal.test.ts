// What is back soon after it was lost, and what is left then: a crash, or the rest of a net-split.

import { expect, test } from 'vitest';
import { comeBack, mesh, silence } from '../../../support/mesh.ts';
import { down, put, ServerStage, up } from '../../../support/server-stage.ts';

test('five seconds after a split origin is back, a single host that is left was a crash', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);
  comeBack(stage, links, '1');

  stage.pass(4_900);
  expect(stage.instances()).toHaveProperty('2', 'stale');
  stage.pass(200);

  expect(stage.instances()).toEqual({ '1': 'live', '3': 'live' });
});

test('[R99] the second of two split hosts is one, though the first is back before the verdict', () => {
  const { stage, links } = mesh('123');
  stage.hush(links['1']!);
  stage.pass(300);
  stage.hush(links['2']!);
  stage.pass(900);
  for (const reporter of '23') stage.tell(links['3']!, reporter, down('1', 'silent'));
  stage.pass(300);
  stage.tell(links['3']!, '3', down('2', 'silent'));
  stage.pass(200);
  expect(stage.standingOf('1')).toBe('split');
  comeBack(stage, links, '1');

  stage.pass(400);

  expect(stage.instances()).toEqual({ '1': 'live', '2': 'stale', '3': 'live' });
});

test('[R114] the second of two silent hosts is one, though the first is back before any verdict', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(300);
  comeBack(stage, links, '1');

  stage.pass(200);

  expect(stage.instances()).toEqual({ '1': 'live', '2': 'stale', '3': 'live' });
  stage.pass(5_000);
  expect(stage.instances()).toEqual({ '1': 'live', '3': 'live' });
});

test('[R114] nor does it matter that the first was judged, and taken for crashed', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '1');
  stage.pass(510);
  expect(stage.standingOf('1')).toBe('crashed');
  stage.hush(links['2']!);
  stage.pass(1_200);
  stage.tell(links['3']!, '3', down('2', 'silent'));
  stage.pass(100);
  comeBack(stage, links, '1');

  stage.pass(500);

  expect(stage.instances()).toEqual({ '1': 'live', '2': 'stale', '3': 'live' });
});

test('[R114] one that is judged while another is suspect is judged again when that one is back', () => {
  const { stage, links } = mesh('123');
  stage.hush(links['2']!);
  stage.pass(300);
  stage.hush(links['1']!);
  stage.pass(900);
  for (const reporter of '13') stage.tell(links['3']!, reporter, down('2', 'silent'));
  stage.pass(300);
  stage.tell(links['3']!, '3', down('1', 'silent'));
  stage.pass(200);
  expect(stage.standingOf('1')).toBe('suspect');
  expect(stage.standingOf('2')).toBe('split');

  comeBack(stage, links, '1');
  stage.pass(5_000);

  expect(stage.instances()).toEqual({ '1': 'live', '3': 'live' });
});

test('[R114] a host that comes and goes does not put that off', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(300);
  comeBack(stage, links, '1');
  for (let times = 0; times < 5; times += 1) {
    stage.pass(800);
    stage.tell(links['3']!, '3', down('1', 'silent'));
    stage.pass(200);
    comeBack(stage, links, '1');
  }

  expect(stage.instances()).toEqual({ '1': 'live', '3': 'live' });
});

test('[R114] one that is judged when that is over is judged again all the same', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '1');
  stage.pass(300);
  comeBack(stage, links, '1');
  stage.pass(3_600);
  stage.hush(links['2']!);
  stage.pass(1_200);
  for (const reporter of '13') stage.tell(links['3']!, reporter, down('2', 'silent'));
  stage.tell(links['3']!, '3', down('1', 'silent'));
  stage.pass(100);
  comeBack(stage, links, '1');
  stage.pass(500);
  expect(stage.instances()).toEqual({ '1': 'live', '2': 'stale', '3': 'live' });

  stage.pass(5_000);

  expect(stage.instances()).toEqual({ '1': 'live', '3': 'live' });
});

test('[R114] a host whose links were closed for a moment does not count with a silent one', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '2');
  stage.pass(300);
  stage.close(links['1']!);
  stage.tell(links['3']!, '3', down('1', 'closed'));
  expect(stage.standingOf('1')).toBe('suspect');
  comeBack(stage, links, '1');

  stage.pass(700);

  expect(stage.standingOf('2')).toBe('crashed');
  expect(stage.instances()).toEqual({ '1': 'live', '3': 'live' });
});

test('[R114] a host that was only behind a lost one does not count with it when it is back', () => {
  const stage = new ServerStage();
  const [lost, far] = [stage.neighbour('1', {}, '23'), stage.neighbour('3', {}, '1')];
  stage.origin(lost, '2', { links: '1' });
  stage.tell(lost, '1', put('a'));
  stage.hush(lost);
  stage.pass(1_200);
  stage.tell(far, '3', down('1', 'silent'), up('2'));
  stage.tell(far, '2', up('3'));
  expect(stage.standingOf('2')).toBe('reachable');

  stage.pass(500);

  expect(stage.standingOf('1')).toBe('crashed');
});

test('[R99] a host that falls silent when those of a split are back has crashed', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);
  for (const digit of '12') comeBack(stage, links, digit);
  stage.pass(100);
  for (const reporter of '23') stage.tell(links['3']!, reporter, down('1', 'silent'));

  stage.pass(500);

  expect(stage.instances()).toEqual({ '2': 'live', '3': 'live' });
});
