// Looking for lost servers: whose addresses are kept, for how long, and who is dialled.

import { expect, test } from 'vitest';
import type { Name } from '../../../../src/protocol/ids.ts';
import { factsOf, instanceIdOf, originOf, ServerStage, up } from '../../../support/server-stage.ts';

/** A master that has lost all, and has forgotten their logs; their addresses are kept. */
function lostMaster(): { stage: ServerStage; lost: string[] } {
  const stage = new ServerStage({ role: 'master' });
  const link = stage.neighbour('2');
  for (const digit of ['3', '4']) stage.origin(link, digit, { links: '2' });
  stage.tell(link, '2', up('3'), up('4'));
  stage.close(link);
  stage.pass(stage.state.options.splitHoldMs + 10_000);
  const lost = ['2', '3', '4'].map((digit) => `10.0.0.${digit}:17310`);
  for (const address of lost) {
    stage.give({ kind: 'undialled', address, reason: 'connection refused' });
  }
  return { stage, lost };
}

test('[R123] a master that was alone looks for no lost server once it reaches a leaf', () => {
  const { stage } = lostMaster();
  expect(stage.state.linking.sought).not.toEqual([]);

  stage.neighbour('5');

  expect(stage.state.linking.sought).toEqual([]);
  expect(dialsWithin(stage, 60_000)).toEqual([]);
});

test('[R125] a way back that ends leaves the addresses of those to whom it did not lead', () => {
  const { stage, lost } = lostMaster();
  const link = stage.neighbour('5');
  stage.origin(link, '6', { address: '10.0.0.3:17310', links: '5' });
  stage.tell(link, '5', up('6'));
  stage.pass(stage.state.options.splitHoldMs + 10_000);
  expect([...stage.state.addresses.lost.keys()].sort()).toEqual([lost[0], lost[2]]);

  stage.close(link);

  expect(dialsWithin(stage, 20_000)).toEqual(expect.arrayContaining(lost));
});

test('[R125] a server whose next life is in reach is not lost, when its old life is judged', () => {
  const stage = new ServerStage();
  stage.neighbour('2');
  const old = stage.neighbour('3');
  stage.close(old);

  stage.neighbour('4', { host: 'h3', address: '10.0.0.3:17310' });
  stage.pass(10_000);

  expect([...stage.state.addresses.lost.keys()]).toEqual([]);
});

test('[R125] a host that an operator gives up is looked for no more, though no log is left', () => {
  const { stage, lost } = lostMaster();
  const [, given] = lost;

  stage.hear(stage.client(), {
    kind: 'forget',
    request: 1,
    host: 'h3' as Name,
    token: instanceIdOf('f'),
  });

  const left = lost.filter((address) => address !== given);
  expect([...stage.state.addresses.lost.keys()].sort()).toEqual(left);
});

test('[R125] a neighbour that loses hundreds it made up leaves the places to those of the others', () => {
  const stage = new ServerStage();
  const [honest, liar] = [stage.neighbour('3', {}, '8'), stage.neighbour('2')];
  stage.origin(honest, '8', { links: '3' });
  const made = Array.from({ length: 300 }, (_, index) => {
    return `d${index.toString(16).padStart(31, '0')}` as ReturnType<typeof originOf>;
  });
  const batches = made.map((origin, index) => {
    const facts = factsOf('d', { host: `d${String(index)}`, address: `10.8.0.1:${String(index)}` });
    const link = { kind: 'up', peer: originOf('2') } as const;
    return { origin, first: 1, entries: [{ kind: 'facts', facts }, link] as const };
  });
  stage.hear(liar, { kind: 'entries', batches });
  stage.tell(liar, '2', ...made.map((peer) => ({ kind: 'up', peer }) as const));
  stage.close(honest);
  stage.pass(10_000);

  stage.close(liar);
  stage.pass(10_000);

  const { lost } = stage.state.addresses;
  expect(lost.size).toBe(256);
  expect([lost.has('10.0.0.8:17310'), lost.has('10.8.0.1:299')]).toEqual([true, true]);
  expect(lost.has('10.8.0.1:0')).toBe(false);
});

function dialsWithin(stage: ServerStage, milliseconds: number): string[] {
  stage.dialled = [];
  stage.pass(milliseconds);
  return stage.dialled;
}
