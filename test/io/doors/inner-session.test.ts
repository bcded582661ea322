// A door speaks with its server as a client does, by calls: its questions, its answers, its end.

import { expect, test } from 'vitest';

import type {
  InnerAnswer,
  InnerQuestion,
  InnerSession,
} from '../../../src/io/doors/inner-session.ts';
import { newIdentity } from '../../../src/io/machine/instance-key.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import { type Inside, startInside } from '../../support/inside.ts';
import { atEnd } from '../world.ts';

/** The inside of a server that stops when the test ends. */
function inside(): Inside {
  const started = startInside();
  atEnd(() => started.stop());
  return started;
}

function answerTo(session: InnerSession, question: InnerQuestion): InnerAnswer | null {
  let answer: InnerAnswer | null = null;
  session.ask(question, (given) => {
    answer = given;
  });
  return answer;
}

const WEB = 'web' as Name;

function offerOf(): InnerQuestion {
  const { instance, key } = newIdentity();
  return {
    kind: 'register',
    key,
    registration: {
      instance,
      revision: 1,
      service: WEB,
      address: '',
      port: 80,
      scheme: null,
      tags: [],
    },
  };
}

test('a question is answered before the call returns', () => {
  const session = inside().session();

  const answer = answerTo(session, { kind: 'lookup', service: WEB });

  expect(answer).toMatchObject({ kind: 'instances', complete: true, instances: [] });
});

test('a list that came in one part is the very list of the core, twice the same', () => {
  const session = inside().session();
  answerTo(session, offerOf());

  const [one, other] = [1, 2].map(() => answerTo(session, { kind: 'lookup', service: WEB }));

  expect(one).toMatchObject({ kind: 'instances', instances: [{ host: 'h1' }] });
  expect(one?.kind === 'instances' && other?.kind === 'instances').toBe(true);
  expect((one as { instances: unknown }).instances).toBe(
    (other as { instances: unknown }).instances,
  );
});

test('an answer of many parts comes as one', () => {
  const session = inside().session();
  for (let index = 0; index < 600; index += 1) {
    answerTo(session, offerOf());
  }

  const answer = answerTo(session, { kind: 'lookup', service: WEB });

  expect(answer?.kind === 'instances' && answer.instances.length).toBe(600);
});

test('the registrations of a session are gone with it, and its watchers are told', () => {
  const server = inside();
  const [holder, watcher] = [server.session(), server.session()];
  const changes: string[] = [];
  watcher.watch(
    { service: WEB },
    ({ change, cause }) => changes.push(cause === undefined ? change : `${change} ${cause}`),
    () => undefined,
  );
  answerTo(holder, offerOf());

  holder.close('a test');

  expect(changes).toEqual(['synced', 'added', 'removed closed']);
  expect(answerTo(holder, { kind: 'list' })).toEqual({ kind: 'lost' });
});

test('an error of a door goes to the door, and the server answers on', () => {
  const server = inside();
  const session = server.session();
  const bug = new Error('a bug');

  session.ask({ kind: 'list' }, () => {
    throw bug;
  });

  expect(server.faults).toEqual([bug]);
  expect(answerTo(session, { kind: 'list' })).toMatchObject({ kind: 'services' });
});

test('a server that stops says so, and then the session is closed', async () => {
  const server = inside();
  const told: string[] = [];
  server.session({ onGoaway: () => told.push('goaway'), onClosed: () => told.push('closed') });

  await server.stop();

  expect(told).toEqual(['goaway', 'closed']);
  expect(server.session().isOpen).toBe(false);
});
