// How far a link is, for each origin.

import { expect, test } from 'vitest';
import { Progress } from '../../../../src/core/server/replication/progress.ts';
import type { OriginId } from '../../../../src/protocol/ids.ts';
import { originOf } from '../../../support/server-stage.ts';

const [ONE, OTHER] = [originOf('1'), originOf('2')];

function progress(): Progress {
  return new Progress(
    new Map<OriginId, { readonly slot: number }>([
      [ONE, { slot: 0 }],
      [OTHER, { slot: 1 }],
    ]),
  );
}

function fill(full: Progress, id: OriginId): void {
  full.setCursor(id, 3);
  full.look(id, { isOffered: true });
  full.sendWhole(id);
  full.ask({ origin: id, sequence: 3 }, 0);
  full.prune(id);
  full.awaitElsewhere({ origin: id, sequence: 4 });
  full.list({ origin: id, sequence: 4 });
}

test('nothing is left of an origin that is forgotten, and all of the others', () => {
  const full = progress();
  fill(full, ONE);
  fill(full, OTHER);
  full.setModeAt(0, 'lazy');

  full.forget(ONE);

  const one = { cursors: 1, looks: 1, snapshots: 1, asked: 1, awaited: 1, listed: 1 };
  expect(full.counts).toEqual(one);
  expect([full.modeAt(0), full.isPruned(ONE), full.isPruned(OTHER)]).toEqual(['open', false, true]);
  expect(full.takeQuestions()).toEqual([{ origin: OTHER, sequence: 3 }]);
  expect(full.takePrunes()).toEqual([OTHER]);
  expect(full.looks).toEqual([OTHER]);
});

test('an origin that is to be offered is offered at the look, though it was only news after that', () => {
  const looking = progress();

  looking.look(ONE, { isOffered: true });
  looking.look(ONE, { isOffered: false });

  expect(looking.takeLook(ONE)).toBe(true);
  expect([looking.isLookDue, looking.takeLook(ONE)]).toEqual([false, false]);
});

test('a neighbour that is asked is no longer told that this server prunes it', () => {
  const asking = progress();
  asking.prune(ONE);

  asking.ask({ origin: ONE, sequence: 7 }, 1);

  expect([asking.isPruned(ONE), asking.takePrunes(), asking.askedMs(ONE)]).toEqual([false, [], 1]);
});

test('a question is sent once, and stays open until it is answered', () => {
  const asking = progress();
  asking.ask({ origin: ONE, sequence: 7 }, 1);

  expect([asking.takeQuestions().length, asking.takeQuestions().length]).toEqual([1, 0]);
  expect([asking.endQuestion(ONE), asking.endQuestion(ONE)]).toEqual([true, false]);
});
