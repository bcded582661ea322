// A door speaks with its server as a client does, by calls: its questions, its answers, its end.

import { expect, test } from 'vitest';

import type { Tell } from '../../../src/core/effect.ts';
import type { Input } from '../../../src/core/input.ts';
import { Server } from '../../../src/core/server/server.ts';
import type { DoorContext } from '../../../src/io/doors/door.ts';
import type { InnerAnswer, InnerQuestion } from '../../../src/io/doors/inner-session.ts';
import { InnerSession } from '../../../src/io/doors/inner-session.ts';
import { Driver } from '../../../src/io/machine/driver.ts';
import { instanceOf, newIdentity } from '../../../src/io/machine/instance-key.ts';
import { nodeRuntime } from '../../../src/io/machine/node-runtime.ts';
import type { Name, OriginId } from '../../../src/protocol/ids.ts';
import { atEnd } from '../world.ts';

interface Inside {
  readonly faults: unknown[];
  readonly stop: () => Promise<void>;
  session(more?: { onGoaway?: () => void; onClosed?: () => void }): InnerSession;
}

function startInside(): Inside {
  const options = {
    environment: 'testing' as Name,
    origin: '0'.repeat(32) as OriginId,
    facts: {
      name: 'h1-a' as Name,
      host: 'h1' as Name,
      cluster: 'default' as Name,
      side: 'a' as const,
      role: 'leaf' as const,
      addresses: ['10.0.0.1:17330'],
    },
    peers: [],
    siblings: [],
    heartbeatMs: 400,
    silenceMs: 1_200,
    graceMs: 500,
    splitHoldMs: 900_000,
    instanceOf,
    random: () => 0.5,
  };
  const driver = new Driver<Input, Tell>({
    core: new Server(options),
    runtime: nodeRuntime,
    perform: () => undefined,
  });
  driver.start();
  const faults: unknown[] = [];
  const stop = async (): Promise<void> => {
    driver.submit({ kind: 'stop', nowMs: nodeRuntime.nowMs() });
    await driver.stopped;
  };
  atEnd(stop);
  const context = {
    server: {
      environment: options.environment,
      connect: (end: Parameters<typeof driver.acceptInner>[0]) => driver.acceptInner(end),
    },
    fail: (error: unknown) => faults.push(error),
    guard:
      <A extends readonly unknown[]>(act: (...given: A) => void) =>
      (...given: A) => {
        try {
          act(...given);
        } catch (error) {
          faults.push(error);
        }
      },
  } as unknown as DoorContext;
  return {
    faults,
    stop,
    session: (more = {}) =>
      new InnerSession({ context, transport: 'inside', remote: 'a test', ...more }),
  };
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
  const session = startInside().session();

  const answer = answerTo(session, { kind: 'lookup', service: WEB });

  expect(answer).toMatchObject({ kind: 'instances', complete: true, instances: [] });
});

test('a list that came in one part is the very list of the core, twice the same', () => {
  const session = startInside().session();
  answerTo(session, offerOf());

  const [one, other] = [1, 2].map(() => answerTo(session, { kind: 'lookup', service: WEB }));

  expect(one).toMatchObject({ kind: 'instances', instances: [{ host: 'h1' }] });
  expect(one?.kind === 'instances' && other?.kind === 'instances').toBe(true);
  expect((one as { instances: unknown }).instances).toBe(
    (other as { instances: unknown }).instances,
  );
});

test('an answer of many parts comes as one', () => {
  const session = startInside().session();
  for (let index = 0; index < 600; index += 1) {
    answerTo(session, offerOf());
  }

  const answer = answerTo(session, { kind: 'lookup', service: WEB });

  expect(answer?.kind === 'instances' && answer.instances.length).toBe(600);
});

test('what a session registers is gone with it, and its watchers are told', () => {
  const inside = startInside();
  const [holder, watcher] = [inside.session(), inside.session()];
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

test('what a door throws goes to the door, and the server answers on', () => {
  const inside = startInside();
  const session = inside.session();
  const bug = new Error('a bug');

  session.ask({ kind: 'list' }, () => {
    throw bug;
  });

  expect(inside.faults).toEqual([bug]);
  expect(answerTo(session, { kind: 'list' })).toMatchObject({ kind: 'services' });
});

test('a server that stops says so, and then the session is closed', async () => {
  const inside = startInside();
  const told: string[] = [];
  inside.session({ onGoaway: () => told.push('goaway'), onClosed: () => told.push('closed') });

  await inside.stop();

  expect(told).toEqual(['goaway', 'closed']);
  expect(inside.session().isOpen).toBe(false);
});
