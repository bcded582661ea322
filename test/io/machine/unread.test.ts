// The unread bytes of many connections are bounded in all, while a turn goes on.

import { expect, test } from 'vitest';

import type { Input } from '../../../src/core/input.ts';
import { LIMITS } from '../../../src/core/server/limits.ts';
import { fullestSessions } from '../../../src/core/server/sessions/throttle.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import { drive, Line, LONG, type Script } from './driven.ts';

/** A line whose other end reads nothing. */
class DeafLine extends Line {
  override write(chunks: readonly Uint8Array[]): void {
    super.write(chunks);
    for (const { length } of chunks) this.unwrittenBytes += length;
  }
}

const { max: MAX } = LIMITS['unread-bytes-in-all'];
const MIB = 1024 * 1024;
const BIG: Message = { ...LONG, known: new Array(61_000).fill('ab'.repeat(16)) as never };

/**
 * Sends `BIG` so often, to all of these in turn, in one step, and closes those that the driver gave
 * up.
 */
function chatter(connections: readonly number[], times: number) {
  const given: Input[] = [];
  const script = (input: Input): ReturnType<Script> => {
    given.push(input);
    if (input.kind === 'congested' && input.isTooMuchInAll === true) {
      return [{ kind: 'close', connection: input.connection, why: 'overloaded' }];
    }
    if (input.kind !== 'reload') return [];
    return Array.from({ length: times }, () => ({ kind: 'send', connections, message: BIG }));
  };
  const givenUp = (): number[] =>
    given.flatMap((input) =>
      input.kind === 'congested' && input.isTooMuchInAll === true ? [input.connection] : [],
    );
  return { script, givenUp };
}

const many = Array.from({ length: 300 }, (_, at) => at + 1);

test('within one step no more is kept than all may leave unread', () => {
  const { script, givenUp } = chatter(many, 1);
  let most = 0;
  const { driver, accept } = drive(script, undefined, (unread) => {
    most = Math.max(
      most,
      [...unread.values()].reduce((before, bytes) => before + bytes, 0),
    );
    const sessions = new Map(many.map((id) => [id, null as never]));
    return fullestSessions({ sessions }, unread);
  });
  // The last one reads.
  const lines = many.map((id) => (id === 300 ? new Line() : new DeafLine()));
  for (const line of lines) accept(line);

  driver.submit({ kind: 'reload', nowMs: 0 });

  const left = lines.reduce((before, { unwrittenBytes }) => before + unwrittenBytes, 0);
  expect(givenUp().length).toBeGreaterThan(20);
  expect(lines.filter(({ isEnding }) => isEnding)).toHaveLength(givenUp().length);
  expect(lines.at(-1)).toMatchObject({ isEnding: false, writes: [1] });
  expect(most).toBeLessThan(MAX + 2 * MIB);
  // Bytes in the kernel's sockets of a line that was given up are free only after the turn.
  expect(left - givenUp().length * MIB).toBeLessThan(MAX);
});

test('a connection that the core spares stays, and is looked at again when a MiB has come', () => {
  let looks = 0;
  const { script, givenUp } = chatter(many, 1);
  const { driver, accept } = drive(script, undefined, () => {
    looks += 1;
    return [];
  });
  for (const _ of many) accept(new DeafLine());

  driver.submit({ kind: 'reload', nowMs: 0 });

  expect(givenUp()).toEqual([]);
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThan(50);
});

test('bytes that have left, and those of a closed connection, do not count', () => {
  let looks = 0;
  const { script } = chatter(many, 1);
  const { driver, accept } = drive(script, undefined, () => {
    looks += 1;
    return [];
  });
  const all = many.slice(0, 200).map(() => {
    const line = new DeafLine();
    return { line, handlers: accept(line) };
  });
  driver.submit({ kind: 'reload', nowMs: 0 });
  for (const { line, handlers } of all.slice(0, 100)) {
    line.unwrittenBytes = 0;
    handlers.drained();
  }
  for (const { handlers } of all.slice(100, 180)) handlers.closed('gone');

  driver.submit({ kind: 'reload', nowMs: 0 });

  expect(looks).toBe(0);
});
