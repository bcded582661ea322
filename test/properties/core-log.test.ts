// The laws of a log: state, sequence and hash depend on its entries, not on how they came.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogState } from '../../src/core/server/origins/log.ts';
import { OriginLog } from '../../src/core/server/origins/log.ts';
import type { Entry } from '../../src/protocol/records.ts';
import { down, factsOf, instanceIdOf, originOf, put, up } from '../support/server-stage.ts';

const digit = fc.constantFrom(...['a', 'b', 'c', 'd', 'e', 'f']);

const entry: fc.Arbitrary<Entry> = fc.oneof(
  digit.map(up),
  digit.map((peer) => down(peer, 'silent')),
  fc.tuple(digit, fc.nat(3)).map(([instance, revision]) => put(instance, { revision })),
  digit.map((one): Entry => ({ kind: 'delete', instance: instanceIdOf(one), cause: 'closed' })),
);

const entries = fc.array(entry, { maxLength: 40 });

function logOf(given: readonly Entry[]): OriginLog {
  const log = new OriginLog(originOf('1'), factsOf('1'));
  log.apply({ kind: 'facts', facts: factsOf('1') });
  for (const one of given) log.apply(one);
  return log;
}

function snapshotOf(log: OriginLog): LogState {
  const { sequence, facts, missing } = log;
  const registrations = [...log.registrations.values()];
  return { sequence, facts, links: [...log.links], registrations, missing };
}

/** The state, whatever the order in which it came to be. */
function stateOf(log: OriginLog): unknown {
  const registrations = [...log.registrations].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    sequence: log.sequence,
    hash: log.hash,
    bytes: log.bytes,
    links: [...log.links].sort(byText),
    registrations,
  };
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

test('a snapshot at any point and the entries after it give the same state', () => {
  fc.assert(
    fc.property(entries, entries, (before, after) => {
      const whole = logOf([...before, ...after]);
      const copy = new OriginLog(originOf('1'), factsOf('1'));

      copy.replace(snapshotOf(logOf(before)));
      for (const one of after) copy.apply(one);

      expect(stateOf(copy)).toEqual(stateOf(whole));
    }),
  );
});

test('the entries of the tail bring a log that lags to the same state', () => {
  fc.assert(
    fc.property(entries, fc.nat(40), (given, point) => {
      const whole = logOf(given);
      const lagging = logOf(given.slice(0, point));

      for (const one of whole.entriesAfter(lagging.sequence) ?? []) lagging.apply(one);

      expect(stateOf(lagging)).toEqual(stateOf(whole));
    }),
  );
});

test('logs of one sequence have one hash exactly when they hold the same', () => {
  fc.assert(
    fc.property(entries, entries, (one, other) => {
      const [first, second] = [logOf(one), logOf(other)];
      const isSame =
        JSON.stringify({ ...(stateOf(first) as object), hash: 0, sequence: 0 }) ===
        JSON.stringify({ ...(stateOf(second) as object), hash: 0, sequence: 0 });

      expect(first.hash === second.hash).toBe(isSame);
    }),
  );
});
