// Servers that are gone, in answers: which, since when and why; and the words of a complete view
// beside its "none" while a host is lost.

import { expect, test } from 'vitest';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import type { GoneRow } from '../../../../src/protocol/records.ts';
import { instanceIdOf, down, originOf, ServerStage } from '../../../support/server-stage.ts';

const HOLD_MS = 60_000;

function ask(stage: ServerStage, message: Message): Message | undefined {
  const client = stage.client();
  stage.take(client);
  stage.hear(client, message);
  return stage.take(client)[0];
}

function goneOf(stage: ServerStage): readonly GoneRow[] {
  const answer = ask(stage, { kind: 'peers', request: 1, all: true });
  if (answer?.kind !== 'servers') throw new Error('no servers');
  return answer.gone ?? [];
}

function whys(stage: ServerStage): string[] {
  return goneOf(stage).map(({ facts, why }) => `${facts.name} ${why}`);
}

function doubtsOf(stage: ServerStage): unknown {
  const answer = ask(stage, { kind: 'lookup', request: 1, service: 'db' as Name });
  if (answer?.kind !== 'instances') throw new Error('no instances');
  return answer.doubts;
}

function goneCountOf(stage: ServerStage): number | undefined {
  const answer = ask(stage, { kind: 'status', request: 1 });
  return answer?.kind === 'report' ? answer.gone : undefined;
}

/** A server that is linked to two others, the first of which has just ended. */
function crashed(peers: string[] = []): { stage: ServerStage; staying: number } {
  const stage = new ServerStage({ splitHoldMs: HOLD_MS, peers });
  const going = stage.neighbour('1', {}, '2');
  const staying = stage.neighbour('2', {}, '1');
  stage.pass(6_000);
  stage.tell(staying, '2', down('1', 'closed'));
  stage.close(going);
  return { stage, staying };
}

test('[R92] a server that crashed is remembered, with when it was last in reach, for the hold', () => {
  const { stage } = crashed();
  expect(goneOf(stage)).toEqual([]);
  stage.pass(12_000);

  expect(goneOf(stage)).toEqual([
    expect.objectContaining({ origin: originOf('1'), why: 'crashed', agoMs: 12_000 }),
  ]);
  expect(goneCountOf(stage)).toBe(1);
  expect(ask(stage, { kind: 'peers', request: 1 })).not.toHaveProperty('gone');

  stage.pass(HOLD_MS);
  expect(goneOf(stage)).toEqual([]);
  expect(goneCountOf(stage)).toBe(0);
});

test('a server that is back is not gone', () => {
  const { stage, staying } = crashed();
  stage.pass(2_000);
  expect(whys(stage)).toEqual(['h1-a crashed']);

  stage.neighbour('1', {}, '2');
  stage.tell(staying, '2', { kind: 'up', peer: originOf('1') });

  expect(whys(stage)).toEqual([]);
  expect(doubtsOf(stage)).toBeUndefined();
});

test('a server that said goodbye has left, and its instances are not in doubt', () => {
  const { stage, staying } = crashed();
  stage.pass(2_000);
  stage.tell(staying, '2', { kind: 'bye' });
  stage.close(staying);
  stage.pass(10_000);

  expect(whys(stage)).toEqual(['h2-a left', 'h1-a crashed']);
  expect(doubtsOf(stage)).toEqual({ lost: [{ host: 'h1', agoMs: 12_000 }], unanswered: [] });
});

test('a server that was forgotten is listed with who said so', () => {
  const stage = new ServerStage({ splitHoldMs: HOLD_MS });
  stage.hush(stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1'));
  stage.pass(5_000);
  expect(stage.standingOf('1')).toBe('split');
  expect(whys(stage)).toEqual([]);

  const token = instanceIdOf('f');
  ask(stage, { kind: 'forget', request: 1, host: 'h1' as Name, token });

  expect(goneOf(stage)).toEqual([
    expect.objectContaining({
      why: 'forgotten',
      detail: 'an operator gave its host up with: rarangi peers --forget',
    }),
  ]);
});

test('the latest 1,024 are remembered', () => {
  const stage = new ServerStage({ splitHoldMs: HOLD_MS });
  const link = stage.neighbour('1');
  for (let number = 1; number <= 1_030; number += 1) {
    const origin = originOf('0').slice(4) + String(number).padStart(4, '0');
    const facts = { ...stage.state.options.facts, name: `s${String(number)}` as Name };
    const batch = { origin: origin as typeof link extends never ? never : GoneRow['origin'] };
    const entries = [
      { kind: 'facts' as const, facts },
      { kind: 'up' as const, peer: originOf('1') },
    ];
    stage.hear(link, { kind: 'entries', batches: [{ ...batch, first: 1, entries }] });
    stage.tell(link, '1', { kind: 'up', peer: batch.origin });
    const bye = [{ kind: 'bye' as const }];
    stage.hear(link, { kind: 'entries', batches: [{ ...batch, first: 3, entries: bye }] });
  }

  const names = goneOf(stage).map(({ facts }) => facts.name);
  expect(names).toHaveLength(1_024);
  expect(names[0]).toBe('s1030');
  expect(names.at(-1)).toBe('s7');
});

test('a peer that never answered is named beside a none, until it is forgotten', () => {
  const { stage } = crashed(['h4:17310']);
  stage.give({ kind: 'undialled', address: 'h4:17310', reason: 'connection refused' });
  stage.pass(12_000);
  expect(doubtsOf(stage)).toEqual({ lost: [{ host: 'h1', agoMs: 12_000 }], unanswered: ['h4'] });

  const token = instanceIdOf('f');
  const done = ask(stage, { kind: 'forget', request: 1, host: 'h4' as Name, token });

  expect(done).toMatchObject({ kind: 'done', count: 1 });
  expect(doubtsOf(stage)).toEqual({
    lost: [expect.objectContaining({ host: 'h1' })],
    unanswered: [],
  });
  const report = ask(stage, { kind: 'status', request: 1 });
  const codes = report?.kind === 'report' ? (report.reasons ?? []).map(({ code }) => code) : null;
  expect(codes).not.toContain('peer-unanswered');
});

test('doubts are looked for once for many lookups, and anew when the view may be another', () => {
  const { stage, staying } = crashed();
  stage.pass(2_000);
  const { clients } = stage.state;

  expect(doubtsOf(stage)).toEqual({ lost: [{ host: 'h1', agoMs: 2_000 }], unanswered: [] });
  const ready = clients.doubts;
  stage.pass(100);
  expect(doubtsOf(stage)).toEqual({ lost: [{ host: 'h1', agoMs: 2_100 }], unanswered: [] });
  expect(clients.doubts).toBe(ready);
  stage.neighbour('1', {}, '2');
  stage.tell(staying, '2', { kind: 'up', peer: originOf('1') });

  expect(doubtsOf(stage)).toBeUndefined();
});

test('an answer of a view that is not complete says nothing of hosts lost before', () => {
  const { stage, staying } = crashed();
  stage.pass(12_000);

  stage.hush(staying);
  stage.pass(2_000);

  expect(doubtsOf(stage)).toBeUndefined();
});
