// The address at which others reach a server, when it changes while it runs.

import { expect, test } from 'vitest';
import {
  instanceIdOf,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../support/server-stage.ts';

const HERE = { kind: 'addressed', isHere: true, siblings: [] } as const;

test('an address that is gone is a reason, a notice, and told to sessions', () => {
  const stage = new ServerStage();
  const session = stage.client();
  stage.take(session);
  const [address = ''] = stage.state.options.facts.addresses;
  stage.takeNotices();

  stage.give({ ...HERE, address, isHere: false });
  stage.give({ ...HERE, address, isHere: false });
  stage.hear(session, { kind: 'status', request: 1 });

  expect(stage.takeNotices()).toEqual(['address-gone']);
  const [told, report] = stage.take(session);
  expect(told).toEqual({ kind: 'address' });
  expect(report).toMatchObject({ state: 'degraded', reasons: [{ code: 'address-gone' }] });

  stage.give({ ...HERE, address });
  stage.hear(session, { kind: 'status', request: 2 });

  expect(stage.takeNotices()).toEqual(['address-back']);
  const [back, after] = stage.take(session);
  expect(back).toEqual({ kind: 'address', address: '10.0.0.0' });
  expect(after).toMatchObject({ state: 'healthy', reasons: [] });
});

test('[R93] a new address is told to neighbours and sessions, and stands for an empty one', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1', {}, '');
  const session = stage.client();
  stage.take(link);
  stage.take(session);

  stage.give({ ...HERE, address: '10.9.9.9:17310', siblings: ['10.9.9.9:17311'] });
  stage.pass(100);
  const registration = { ...registrationOf('a'), address: '', revision: 2 };
  stage.hear(session, registerOf(1, registration));

  const [told, done] = stage.take(session);
  expect(told).toEqual({ kind: 'address', address: '10.9.9.9' });
  expect(done).toEqual({ kind: 'done', request: 1, address: '10.9.9.9' });
  const facts = expect.objectContaining({ addresses: ['10.9.9.9:17310'] }) as unknown;
  expect(stage.take(link)).toContainEqual({
    kind: 'entries',
    batches: [expect.objectContaining({ entries: [{ kind: 'facts', facts }] })],
  });
  expect([...stage.state.addresses.siblings]).toContain('10.9.9.9:17311');
  expect(stage.state.catalogue.instancesOf('db')[0]?.registration.instance).toBe(instanceIdOf('a'));
});
