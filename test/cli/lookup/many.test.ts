// The answer to a pattern, of a server whose words the test says.

import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';

import { lookupMatching } from '../../../src/cli/lookup/many.ts';
import { decodeMessage, encodeMessage } from '../../../src/protocol/codec.ts';
import { encodeFrame, FrameDecoder } from '../../../src/protocol/frame.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../src/protocol/messages.ts';
import { instanceOf, welcomeOf } from '../../support/stage.ts';

type Answerer = (question: ReturnType<typeof decodeMessage>) => Promise<Message> | Message;

/** A server that greets, and answers as it is told; it is gone when the test ends. */
async function askable(answerTo: Answerer) {
  const server = createServer((socket) => {
    const frames = new FrameDecoder(4096);
    const say = (message: Message) => socket.write(encodeFrame(encodeMessage(message)));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) {
        const question = decodeMessage(frame);
        if (question.kind !== 'list' && question.kind !== 'lookup') continue;
        void Promise.resolve(answerTo(question)).then(say);
      }
    });
    say(welcomeOf({}));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { environment: 'testing', servers: [`127.0.0.1:${String(port)}`] };
}

const VIEW = { request: 1, complete: true, missing: [], more: false } as const;
const UNSYNCED = { ...VIEW, complete: false, why: 'unsynced' } as const;

function listOf(view: typeof VIEW | typeof UNSYNCED, ...names: string[]): MessageOf<'services'> {
  const services = names.map((name) => ({ name: name as Name, live: 1, stale: 0 }));
  return { kind: 'services', ...view, services };
}

const FOUND: Message = { kind: 'instances', ...VIEW, instances: [instanceOf('1')] };

test('all questions together have the time that one has', async () => {
  const asked = new EventEmitter();
  const late = once(asked, 'lookup').then(() => delay(400, 'too late'));
  const there = await askable(async ({ kind }) => {
    asked.emit(kind);
    await delay(kind === 'list' ? 200 : 60_000, undefined, { ref: false });
    return listOf(VIEW, 'web');
  });

  const answer = lookupMatching('w*', { ...there, timeoutMs: 500 });
  const ended = answer.catch((error: unknown) => String(error));

  expect(await Promise.race([ended, late])).toContain('within 500 ms');
});

test('a server that knows of no match, and not everything yet, is asked again', async () => {
  const lists = [listOf(UNSYNCED, 'db'), listOf(UNSYNCED, 'db', 'web')];
  const there = await askable(({ kind }) => (kind === 'list' ? (lists.shift() ?? FOUND) : FOUND));

  const { instances, complete } = await lookupMatching('w*', { ...there, timeoutMs: 5_000 });

  expect([instances.length, complete]).toEqual([1, false]);
});

test('a match that no server knows until the time is over is answered as it is', async () => {
  const there = await askable(() => listOf(UNSYNCED, 'db'));

  const answer = await lookupMatching('w*', { ...there, timeoutMs: 150 });

  expect(answer).toMatchObject({ instances: [], complete: false, why: 'unsynced' });
});
