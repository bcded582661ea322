import { expect, test } from 'vitest';

import { encodeFrame } from '../../../src/protocol/frame.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import { uncaughtBy } from '../../support/uncaught.ts';
import { bytesOf, drive, HELLO, Line, LONG, pong } from './driven.ts';

test('the life of a core begins with a deadline', () => {
  const { driver, told } = drive();

  driver.start();

  expect(told()).toEqual(['deadline']);
});

test('a core is told of connections, messages and closes in their order', () => {
  const { accept, told } = drive();

  const line = accept(new Line());
  line.received(bytesOf(HELLO, pong(1)));
  line.closed('reset');

  expect(told()).toEqual(['opened', 'hello', 'pong', 'closed']);
});

test('messages are found wherever the stream is cut', () => {
  const { accept, told } = drive();
  const line = accept(new Line());

  for (const byte of bytesOf(HELLO, pong(1), pong(2))) line.received(Uint8Array.of(byte));

  expect(told().filter((kind) => kind !== 'heard')).toEqual(['opened', 'hello', 'pong', 'pong']);
});

test('a part of a message is a sign of life', () => {
  const { accept, told } = drive();
  const line = accept(new Line());

  line.received(bytesOf(HELLO).subarray(0, 3));

  expect(told()).toEqual(['opened', 'heard']);
});

test('an input that an effect gives rise to waits until the effects of the step are done', () => {
  const { driver, notes, told } = drive(({ kind }) =>
    kind === 'deadline'
      ? ['one', 'stop', 'two'].map((text) => ({ kind: 'note', text }))
      : [{ kind: 'note', text: 'three' }],
  );

  driver.start();

  expect(told()).toEqual(['deadline', 'stop']);
  expect(notes).toEqual(['one', 'stop', 'two', 'three']);
});

test('the messages of a turn to one end leave in one piece', () => {
  const { accept } = drive((input) =>
    input.kind === 'received' ? [{ kind: 'send', connections: [1], message: pong(7) }] : [],
  );
  const line = new Line();

  accept(line).received(bytesOf(pong(1), pong(2), pong(3)));

  expect(line.writes).toEqual([3]);
});

test('a message to several ends goes to those that are there', () => {
  const { accept } = drive((input) =>
    input.kind === 'received' ? [{ kind: 'send', connections: [1, 2, 3], message: pong(7) }] : [],
  );
  const [one, other] = [new Line(), new Line()];

  accept(one);
  accept(other).received(bytesOf(pong(1)));

  expect([one.writes, other.writes]).toEqual([[1], [1]]);
});

test.each([
  ['what is no frame', Buffer.from('\x16\x03\x01'), 'malformed-frame'],
  ['what is no message', encodeFrame(Uint8Array.of(0xa0)), 'malformed-message'],
  ['a frame that is too long for a stranger', bytesOf(LONG), 'frame-too-long'],
])('%s is unreadable, and so is all behind it', (_, bytes, error) => {
  const { accept, told } = drive();
  const line = accept(new Line());

  line.received(Buffer.concat([bytesOf(pong(1)), bytes, bytesOf(pong(2))]));
  line.received(bytesOf(pong(3)));

  expect(told()).toEqual(['opened', 'pong', `unreadable: ${error}`]);
});

test('after a hello, longer frames are read, even in the chunk of the hello', () => {
  const { accept, told } = drive();

  accept(new Line()).received(bytesOf(HELLO, LONG));

  expect(told()).toEqual(['opened', 'hello', 'watch']);
});

test('after a hello of our own, longer frames are read', () => {
  const { accept, told } = drive(({ kind }) =>
    kind === 'opened' ? [{ kind: 'send', connections: [1], message: HELLO }] : [],
  );

  accept(new Line()).received(bytesOf(LONG));

  expect(told()).toEqual(['opened', 'watch']);
});

test('a connection that the core closes is heard no more, and ends behind its last words', () => {
  const { accept, told } = drive((input) =>
    input.kind === 'received'
      ? [
          { kind: 'send', connections: [1], message: pong(7) },
          { kind: 'close', connection: 1, why: 'refused' },
          { kind: 'send', connections: [1], message: pong(8) },
        ]
      : [],
  );
  const line = new Line();

  accept(line).received(bytesOf(pong(1), pong(2)));

  expect(told()).toEqual(['opened', 'pong']);
  expect([line.writes, line.isEnding]).toEqual([[1], true]);
});

test('a core is told once that an end reads too slowly, and once that it has caught up', () => {
  const { accept, told } = drive((input) =>
    input.kind === 'received' ? [{ kind: 'send', connections: [1], message: pong(7) }] : [],
  );
  const line = new Line();
  const handlers = accept(line);

  handlers.drained();
  line.unwrittenBytes = 2 * 1024 * 1024;
  handlers.received(bytesOf(pong(1)));
  handlers.received(bytesOf(pong(2)));
  handlers.drained();
  handlers.drained();

  expect(told()).toEqual(['opened', 'pong', 'congested', 'pong', 'drained']);
});

test('a dial is answered by a connection or by a reason', () => {
  const { world, driver, told } = drive(({ kind }) =>
    kind === 'deadline' ? ['h:1', 'h:2'].map((address) => ({ kind: 'dial', address })) : [],
  );
  driver.start();

  world.dials[0]!.failed('connection refused');
  world.dials[1]!.opened(new Line());

  expect(world.dials.map(({ address }) => address)).toEqual(['h:1', 'h:2']);
  expect(told()).toEqual(['deadline', 'undialled', 'opened']);
});

test('there is one alarm, at the moment that the core names last', () => {
  const { world, core, driver, told } = drive();

  core.deadlineMs = 500;
  driver.start();
  core.deadlineMs = 300;
  driver.submit({ kind: 'reload', nowMs: 0 });
  const set = world.alarms.map(({ atMs }) => atMs);
  world.ms = 300;
  core.deadlineMs = 300;
  world.ring();

  expect(set).toEqual([300]);
  expect(told()).toEqual(['deadline', 'reload', 'deadline']);
});

test('an alarm that a later deadline has overtaken is no deadline, and the next one is set', () => {
  const { world, core, driver, told } = drive();

  core.deadlineMs = 300;
  driver.start();
  core.deadlineMs = 500;
  driver.submit({ kind: 'reload', nowMs: 0 });
  world.ms = 300;
  world.ring();
  const next = world.alarms.map(({ atMs }) => atMs);
  core.deadlineMs = Infinity;
  driver.submit({ kind: 'reload', nowMs: 300 });

  expect(told()).toEqual(['deadline', 'reload', 'reload']);
  expect(next).toEqual([500]);
  expect(world.alarms).toEqual([]);
});

test('a core that has stopped leaves nothing behind', async () => {
  const { world, core, driver, accept, told } = drive(({ kind }) => {
    if (kind === 'deadline') return [{ kind: 'dial', address: 'h:1' }];
    return kind === 'stop' ? [{ kind: 'stopped' }] : [];
  });
  const line = new Line();
  core.deadlineMs = 500;
  const handlers = accept(line);
  driver.start();

  driver.submit({ kind: 'stop', nowMs: 0 });
  handlers.received(bytesOf(pong(1)));
  line.finish();
  await driver.stopped;

  expect(told()).toEqual(['opened', 'deadline', 'stop']);
  expect([line.isEnding, world.dials[0]!.isCancelled]).toEqual([true, true]);
  expect(world.alarms).toEqual([]);
});

test('it has stopped only when the last connection is closed', async () => {
  const { driver, accept } = drive(({ kind }) => (kind === 'stop' ? [{ kind: 'stopped' }] : []));
  const line = new Line();
  const order: string[] = [];
  accept(line);

  driver.submit({ kind: 'stop', nowMs: 0 });
  const stopped = driver.stopped.then(() => order.push('stopped'));
  await Promise.resolve();
  order.push('the last one closes');
  line.finish();
  await stopped;

  expect(order).toEqual(['the last one closes', 'stopped']);
});

test('a client that comes after the end is sent away', () => {
  const { driver, accept, told } = drive(() => [{ kind: 'stopped' }]);
  const line = new Line();

  driver.start();
  accept(line).received(bytesOf(pong(1)));

  expect(told()).toEqual(['deadline']);
  expect(line.isEnding).toBe(true);
});

test('bytes that a core does not want to read wait, in the middle of a chunk too, until it does', () => {
  const { driver, accept, told, world } = drive((input) => {
    if (input.kind === 'received' && input.message.kind === 'hello') {
      return [{ kind: 'pause', connection: 1 }];
    }
    return input.kind === 'deadline' ? [{ kind: 'resume', connection: 1 }] : [];
  });
  const line = new Line();
  const handlers = accept(line);

  handlers.received(bytesOf(HELLO, pong(1)));
  handlers.received(bytesOf(pong(2)));
  const before = told();
  const wasReading = line.isReading;
  driver.submit({ kind: 'deadline', nowMs: world.ms });

  expect(before).toEqual(['opened', 'hello']);
  expect(wasReading).toBe(false);
  expect(line.isReading).toBe(true);
  expect(told().slice(2)).toEqual(['deadline', 'pong', 'pong']);
});

test('answers to one chunk leave in between, and the core is told when nobody reads them', () => {
  const big: Message = { ...LONG, known: new Array(60_000).fill('ab'.repeat(16)) as never };
  const { accept, told } = drive((input) => {
    if (input.kind === 'congested') return [{ kind: 'pause', connection: 1 }];
    return input.kind === 'received' ? [{ kind: 'send', connections: [1], message: big }] : [];
  });
  const line = new Line();
  const handlers = accept(line);
  line.unwrittenBytes = 2 ** 21;

  handlers.received(bytesOf(HELLO, ...[1, 2, 3, 4, 5, 6].map(pong)));

  expect(told()).toEqual(['opened', 'hello', 'pong', 'congested']);
  expect(line.writes).toEqual([2]);
});

test('of a connection that is congested already the core is told once more when it is too much', () => {
  const { driver, accept, told } = drive((input) =>
    input.kind === 'reload' ? [{ kind: 'send', connections: [1], message: pong(1) }] : [],
  );
  const line = new Line();
  accept(line);

  for (const unwrittenBytes of [2 ** 21, 2 ** 22, 2 ** 27]) {
    line.unwrittenBytes = unwrittenBytes;
    driver.submit({ kind: 'reload', nowMs: 0 });
  }

  expect(told().filter((input) => input === 'congested')).toHaveLength(2);
});

test('a callback that throws keeps nothing else from being done', async () => {
  const texts = ['throw', 'afterwards'];
  const { driver, notes, told } = drive(() => texts.splice(0).map(noteOf));

  const uncaught = await uncaughtBy(() => {
    driver.start();
    driver.submit({ kind: 'reload', nowMs: 0 });
  });

  expect([uncaught, notes, told()]).toEqual([
    'no',
    ['throw', 'afterwards'],
    ['deadline', 'reload'],
  ]);
});

function noteOf(text: string): { kind: 'note'; text: string } {
  return { kind: 'note', text };
}
