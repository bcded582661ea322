// An error of our own code, in a core, in the codec or in a door: it costs one connection.

import { expect, test } from 'vitest';
import type { Message } from '../../../src/protocol/messages.ts';
import { bytesOf, drive, Line, pong } from './driven.ts';
import type { Script } from './driven.ts';

/** A core that throws whenever it is told of a pong with this stamp, or as a script says. */
function throwing(stamp: number): Script {
  return (input) => {
    const isHit = input.kind === 'received' && input.message.kind === 'pong';
    if (isHit && input.message.stamp === stamp) throw new Error('planted');
    return [];
  };
}

test('an error of a core costs a client the session whose input it was, and no other', () => {
  const { accept, told } = drive(throwing(13));
  const [one, other] = [new Line(), new Line()];
  const handlers = accept(one);
  const others = accept(other);

  handlers.received(bytesOf(pong(1), pong(13), pong(2)));
  others.received(bytesOf(pong(3)));

  expect([one.isEnding, other.isEnding]).toEqual([true, false]);
  expect(told()).toEqual(['opened', 'opened', 'pong', 'pong', 'closed', 'pong']);
});

test("an error of a client's timer makes it begin anew with each session; the next one is thrown", () => {
  const { world, driver, accept, told } = drive((input) => {
    if (input.kind === 'deadline' && input.nowMs > 0) throw new Error('planted');
    return [];
  });
  const line = new Line();
  accept(line);

  driver.submit({ kind: 'deadline', nowMs: 1 });
  world.ms += 59_000;

  expect(line.isEnding).toBe(true);
  expect(told()).toEqual(['opened', 'deadline', 'closed']);
  expect(() => {
    driver.submit({ kind: 'deadline', nowMs: 2 });
  }).toThrow('planted');
  world.ms += 1_000;
  driver.submit({ kind: 'deadline', nowMs: 3 });
  expect(told().at(-1)).toBe('deadline');
});

test("an error of a program's command is thrown to the program, and the next command is stepped", () => {
  const { driver, told } = drive((input) => {
    if (input.kind === 'reload') throw new Error('planted');
    return [];
  });

  expect(() => {
    driver.submit({ kind: 'reload', nowMs: 0 });
  }).toThrow('planted');
  driver.start();

  expect(told()).toEqual(['reload', 'deadline']);
});

test('a message to a client’s server that cannot be encoded costs the session that it was for', () => {
  const bad = { kind: 'lookup', request: -1, service: 'db' } as unknown as Message;
  const { accept, told } = drive((input) =>
    input.kind === 'received' ? [{ kind: 'send', connections: [2], message: bad }] : [],
  );
  const [one, other] = [new Line(), new Line()];
  const handlers = accept(one);
  accept(other);

  handlers.received(bytesOf(pong(1)));

  expect([one.isEnding, other.isEnding]).toEqual([false, true]);
  expect(told()).toEqual(['opened', 'opened', 'pong', 'closed']);
});

test('an end inside this process that throws is told as that connection’s fault', () => {
  const faults: unknown[] = [];
  const { accept, told, driver } = drive(
    (input) =>
      input.kind === 'received' ? [{ kind: 'send', connections: [1], message: pong(7) }] : [],
    (fault) => {
      faults.push([fault.connection, fault.reason.includes('planted')]);
      return { kind: 'faulted', nowMs: 0, ...fault };
    },
  );
  driver.acceptInner({
    transport: 'inside',
    remote: 'a door',
    received: () => {
      throw new Error('planted');
    },
    closed: () => undefined,
  });

  accept(new Line()).received(bytesOf(pong(1), pong(2)));

  expect(faults).toEqual([
    [1, true],
    [1, true],
  ]);
  expect(told().filter((what) => what === 'pong')).toHaveLength(2);
});

test.each([
  ['an answer costs whom it is for', 2, 2],
  ['what nobody asked for is nobody’s', undefined, null],
])('a fault of the encoder: %s', (_, blamed, connection) => {
  const faults: unknown[] = [];
  const bad = { kind: 'lookup', request: -1, service: 'db' } as unknown as Message;
  const send = { kind: 'send' as const, connections: [2], message: bad };
  const { accept } = drive(
    (input) =>
      input.kind === 'received' ? [blamed === undefined ? send : { ...send, blamed }] : [],
    (fault) => {
      faults.push(fault.connection);
      return { kind: 'faulted', nowMs: 0, ...fault };
    },
  );
  const handlers = accept(new Line());
  accept(new Line());

  handlers.received(bytesOf(pong(1)));

  expect(faults).toEqual([connection]);
});
