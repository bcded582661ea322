// The connections of the HTTP door: whose turn it is to be answered.

import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { HttpConnections } from '../../../src/io/doors/http-connections.ts';

interface Asked {
  readonly request: { readonly socket: Socket };
  readonly response: ServerResponse;
}

/** Connections that note what is answered; requests are asked on one of them, or on a given one. */
function stageOf(): {
  readonly answered: Asked[];
  readonly connect: () => Socket;
  readonly ask: (at?: Socket) => Asked;
} {
  const answered: Asked[] = [];
  const answer = (asked: Asked): void => void answered.push(asked);
  const connections = new HttpConnections<Asked>({
    answer,
    onLimit: () => undefined,
    nowMs: () => 0,
  });
  const connect = (): Socket => {
    const socket = new PassThrough() as unknown as Socket;
    connections.add(socket);
    return socket;
  };
  const only = connect();
  return {
    answered,
    connect,
    ask: (socket = only) => {
      const response = new EventEmitter() as unknown as ServerResponse;
      const asked = { request: { socket }, response };
      connections.take(asked);
      return asked;
    },
  };
}

test('a request that comes right behind an answer is answered once', async () => {
  const { answered, ask } = stageOf();
  const first = ask();
  first.response.emit('close');
  const second = ask();
  await turn();

  expect(answered).toEqual([first, second]);
});

test('a request that comes ahead of an answer waits for that, and lets others be answered first', async () => {
  const { answered, ask } = stageOf();
  const first = ask();
  const second = ask();
  expect(answered).toEqual([first]);

  first.response.emit('close');
  const third = ask();
  expect(answered).toEqual([first]);

  await turn();
  expect(answered).toEqual([first, second]);
  second.response.emit('close');
  await turn();
  expect(answered).toEqual([first, second, third]);
});

test('of many requests that come at once, each turn answers some, in their order', async () => {
  const { answered, connect, ask } = stageOf();
  const asked = Array.from({ length: 40 }, () => ask(connect()));
  expect(answered).toEqual(asked.slice(0, 16));

  await turn();
  expect(answered).toEqual(asked.slice(0, 32));
  const late = ask();
  await turn();
  expect(answered).toEqual([...asked, late]);
});

test('a request whose connection ends before its turn is not answered', async () => {
  const { answered, connect, ask } = stageOf();
  for (let count = 0; count < 16; count += 1) ask(connect());
  const leaving = connect();
  ask(leaving);
  leaving.destroy();
  await turn();

  expect(answered).toHaveLength(16);
});
