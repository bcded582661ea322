// However many hosts are missing, their names fit a frame, and their number is told.

import { expect, test } from 'vitest';
import { encodeMessage } from '../../../../src/protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../../../src/protocol/constants.ts';
import type { InstanceId, Name, OriginId } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { factsOf, originOf, ServerStage } from '../../../support/server-stage.ts';

/** A neighbour brings so many hosts of long names, and leaves. */
function bereft(count: number): ServerStage {
  const stage = new ServerStage();
  const witness = stage.neighbour('2');
  const bad = stage.neighbour('1');
  const ids = Array.from({ length: count }, (_, at) => {
    return `a${at.toString(16).padStart(31, '0')}` as OriginId;
  });
  stage.tell(bad, '1', ...ids.map((peer) => ({ kind: 'up' as const, peer })));
  const batches = ids.map((origin, at) => {
    const host = `x${String(at)}-`.padEnd(128, 'y') as Name;
    const facts = { ...factsOf('9'), host, name: `n${String(at)}` as Name };
    const up = { kind: 'up' as const, peer: originOf('1') };
    return { origin, first: 1, entries: [{ kind: 'facts' as const, facts }, up] };
  });
  stage.hear(bad, { kind: 'entries', batches });
  stage.take(witness);
  stage.hush(bad);
  stage.pass(10_000);
  return stage;
}

test('missing hosts are told by 256 names and a number, and every frame is one that is accepted', () => {
  const stage = bereft(3_000);
  const sent: Message[] = [];

  const client = stage.client();
  for (const kind of ['status', 'list', 'peers'] as const) {
    stage.hear(client, { kind, request: 1 });
  }
  const service = 'web' as Name;
  stage.hear(client, { kind: 'lookup', request: 2, service });
  stage.hear(client, { kind: 'watch', request: 3, service, known: [] as InstanceId[] });
  sent.push(...stage.take(client));
  const newcomer = stage.neighbour('3');
  sent.push(...stage.take(newcomer));

  const views = sent.flatMap((message) => ('missing' in message ? [message] : []));
  expect(views.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['report', 'services', 'servers', 'instances', 'change', 'digest']),
  );
  for (const { missing = [], missingCount } of views) {
    expect(missing.length).toBe(256);
    expect(missingCount).toBe(3_001);
  }
  for (const message of sent) {
    expect(encodeMessage(message).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  }
});

test('a neighbour that names 256 and counts more is passed on with its count', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const missing = Array.from({ length: 256 }, (_, at) => `lost${String(at)}` as Name);

  stage.hear(link, { kind: 'view', complete: false, missing, missingCount: 900 });
  const client = stage.client();
  stage.take(client);
  stage.hear(client, { kind: 'status', request: 1 });

  expect(stage.take(client)).toMatchObject([
    { kind: 'report', complete: false, missingCount: 900 },
  ]);
});

test('the links of one origin travel in parts, as registrations do', () => {
  const stage = new ServerStage();
  const bad = stage.neighbour('1');
  const links = Array.from({ length: 62_000 }, (_, at) => `a${at.toString(16).padStart(31, '0')}`);
  for (let start = 0; start < links.length; start += 2_000) {
    const peers = links.slice(start, start + 2_000);
    stage.tell(bad, '1', ...peers.map((peer) => ({ kind: 'up' as const, peer: peer as OriginId })));
  }

  const newcomer = stage.neighbour('3');
  stage.digest(newcomer);
  const line = { origin: originOf('1'), sequence: 0 };
  stage.hear(newcomer, { kind: 'want', lines: [line] });
  stage.pass(200);

  const parts = stage.take(newcomer).filter((message) => message.kind === 'snapshot');
  const told = parts.filter(({ origin }) => origin === originOf('1'));
  expect(told.length).toBeGreaterThan(2);
  expect(told.flatMap((part) => part.links).length).toBe(62_001);
  for (const part of told) {
    expect(encodeMessage(part).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  }
});

test('a large batch of facts is cut by what it takes, not by how many there are', () => {
  const stage = new ServerStage();
  const bad = stage.neighbour('1');
  const addresses = Array.from({ length: 8 }, (_, at) => String(at).padEnd(255, 'y'));
  const facts = { ...factsOf('1'), addresses };
  const newcomer = stage.neighbour('3');
  stage.take(newcomer);
  for (let count = 0; count < 10; count += 1) {
    stage.tell(bad, '1', ...Array.from({ length: 100 }, () => ({ kind: 'facts' as const, facts })));
  }
  const line = { origin: originOf('1'), sequence: 2 };
  stage.hear(newcomer, { kind: 'want', lines: [line] });
  stage.pass(200);

  const sent = stage.take(newcomer).filter((message) => message.kind === 'entries');
  expect(sent.length).toBeGreaterThan(2);
  for (const message of sent) {
    expect(encodeMessage(message).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  }
});
