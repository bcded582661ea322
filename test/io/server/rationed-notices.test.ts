// A flood of strangers leaves the log of a server readable, and nothing is left out uncounted.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { LINES_A_MINUTE, LINES_OF_SESSION } from '../../../src/io/server/notice-quota.ts';
import type { Notice } from '../../../src/core/notices.ts';
import { RationedNotices } from '../../../src/io/server/rationed-notices.ts';
import { openClient, reaching, startTalkingServer } from '../world.ts';

const refusal: Notice = {
  name: 'refused-stranger',
  fields: { address: '10.0.0.1:1', reason: 'it speaks TLS' },
};

test('the number of left-out lines is told at the end of the minute, and then lines are told again', () => {
  const clock = new Clock();
  const told: string[] = [];
  const notices = new RationedNotices({
    onNotice: ({ name }) => told.push(name),
    runtime: clock,
  });
  for (let count = 0; count < 100; count += 1) notices.tell(refusal);

  clock.passTo(59_999);
  const soon = told.splice(0);
  clock.passTo(60_000);
  notices.tell(refusal);
  clock.passTo(1_000_000);

  expect(soon).toEqual(Array(LINES_A_MINUTE).fill('refused-stranger'));
  expect(told).toEqual(['left-out', 'refused-stranger']);
});

test('a server that stops tells what it has left out of a flood', async () => {
  const { server, notices } = await startTalkingServer();
  const strangers = LINES_A_MINUTE + 20;

  for (let count = 0; count < strangers; count += 1) await beRefused(server.bound);
  await server.stop();

  const lines = notices.filter(({ name }) => name === 'refused-stranger' || name === 'left-out');
  expect(lines.map(({ name }) => name)).toEqual([
    ...Array<string>(LINES_A_MINUTE).fill('refused-stranger'),
    'left-out',
  ]);
  expect(lines.at(-1)?.fields).toMatchObject({ notice: 'refused-stranger', times: 20 });
});

test('a session that registers very many services does not flood the log', async () => {
  const { server, notices } = await startTalkingServer();
  const client = openClient(reaching(server));
  const ports = Array.from({ length: LINES_OF_SESSION + 5 }, (_, at) => at + 1);

  const handles = ports.map((port) => client.register({ name: 'web', port }));
  await Promise.all(handles.map(({ registered }) => registered));
  await server.stop();

  const lines = notices.filter(({ name, fields }) => {
    const leftOut = name === 'left-out' && fields.notice === 'instance-registered';
    return name === 'instance-registered' || leftOut;
  });
  expect(lines).toHaveLength(LINES_OF_SESSION + 1);
  expect(lines.at(-1)).toMatchObject({ name: 'left-out', fields: { times: 5 } });
});

async function beRefused(address: string): Promise<void> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  socket.on('error', () => undefined);
  socket.resume();
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await once(socket, 'close');
}

/** Time that passes when it is told to. */
class Clock {
  #nowMs = 0;
  #alarm: { readonly atMs: number; readonly ring: () => void } | null = null;

  nowMs = (): number => this.#nowMs;

  setAlarm = (atMs: number, ring: () => void): (() => void) => {
    this.#alarm = { atMs, ring };
    return () => {
      this.#alarm = null;
    };
  };

  passTo(endMs: number): void {
    for (;;) {
      const alarm = this.#alarm;
      if (alarm === null || alarm.atMs > endMs) break;
      this.#nowMs = alarm.atMs;
      this.#alarm = null;
      alarm.ring();
    }
    this.#nowMs = endMs;
  }
}
