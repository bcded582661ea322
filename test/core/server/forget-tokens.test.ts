// What operators say goes round once, and ends, however much of it there is.

import { expect, test } from 'vitest';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../src/protocol/messages.ts';
import { ServerStage } from '../../support/server-stage.ts';

function word(index: number): MessageOf<'forget'> {
  const token = index.toString(16).padStart(32, '0') as MessageOf<'forget'>['token'];
  return { kind: 'forget', request: index, host: 'h9' as Name, token };
}

function forgetsIn(messages: readonly Message[]): number {
  return messages.filter(({ kind }) => kind === 'forget').length;
}

test('[R112] of more words than a server remembers none goes round for ever', () => {
  const stage = new ServerStage();
  const [one, other] = [stage.neighbour('1'), stage.neighbour('2')];
  for (let index = 0; index < 2_000; index += 1) stage.hear(one, word(index));
  expect(forgetsIn(stage.take(other))).toBe(1_024);

  for (let index = 0; index < 2_000; index += 1) stage.hear(other, word(index));

  expect(forgetsIn(stage.take(one))).toBe(0);
});

test('[R112] clients may give up so many hosts in a minute, and then again', () => {
  const stage = new ServerStage();
  const [link, client] = [stage.neighbour('1'), stage.client()];
  stage.take(client);

  for (let index = 0; index < 61; index += 1) stage.hear(client, word(index));
  stage.hear(client, word(0));

  const answers = stage.take(client);
  expect(answers.filter(({ kind }) => kind === 'done')).toHaveLength(61);
  expect(answers.at(60)).toMatchObject({ kind: 'error', request: 60 });
  expect(forgetsIn(stage.take(link))).toBe(60);
  expect(stage.takeNotices()).toContain('limit-reached');
  stage.pass(60_000);
  stage.hear(client, word(61));
  expect(forgetsIn(stage.take(link))).toBe(1);
});

test('a session pays for the rows that were looked at, though none of them fits', () => {
  const stage = new ServerStage();
  const digits = '123456789abcdef'.split('');
  for (const digit of digits) stage.neighbour(digit);
  const client = stage.client();
  const session = stage.state.sessions.get(client)!;
  const before = session.credit;

  stage.hear(client, { kind: 'history', request: 1, limit: 10, service: 'none' as Name });

  expect(stage.state.history.size).toBeGreaterThan(10);
  expect(before - session.credit).toBeCloseTo(1 + stage.state.history.size / 20);
});
