// Row D. How many lookups of ten instances does one server answer in a second? Asked by one
// connection, by fifty, and by fifty with sixteen questions each under way. The floor: a bare server
// that answers with bytes kept ready, for the same bytes.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { FrameDecoder } from '../../../src/protocol/frame.ts';
import { FRAME_BYTES_MAX } from '../../../src/protocol/constants.ts';
import { holdInstances } from '../lookups.ts';
import type { Figure, Row } from '../row.ts';
import { dial, framed, HELLO, registrationOf } from '../wire.ts';
import { portOf } from './propagation.ts';

export const reads: Row = {
  name: 'reads',
  title: 'D. Lookups of ten instances, from one server',
  method: '4 s for each line',
  measure: async (bench, isQuick) => {
    const server = await bench.serve();
    const services = await holdInstances(server, INSTANCES);
    const answerBytes = await bytesOfAnswer(server.address);
    const words = [QUESTION.length, answerBytes].map(String);
    const bare = portOf(await bench.floor('answer.mjs', words).said('listening'));
    const measured = { answerBytes, milliseconds: isQuick ? 200 : 4_000 };
    const figures: Figure[] = [];
    for (const { connections, outstanding, must } of LOADS) {
      const load = { ...measured, connections, outstanding };
      const floor = await countAnswers({ ...load, address: `127.0.0.1:${bare}`, isBare: true });
      const value = await countAnswers({ ...load, address: server.address, isBare: false });
      const what = `${String(connections)} connections × ${String(outstanding)} outstanding`;
      figures.push({ what, unit: '/s', value, floor, must: `≥ ${must}` });
    }
    services.close();
    return figures;
  },
};

interface Load {
  readonly address: string;
  readonly isBare: boolean;
  readonly connections: number;
  readonly outstanding: number;
  readonly answerBytes: number;
  readonly milliseconds: number;
}

/** Answers are counted by their bytes: all are of one length. */
async function countAnswers(load: Load): Promise<number> {
  const { connections, outstanding, answerBytes } = load;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(load)));
  let answers = 0;
  for (const socket of sockets) {
    let pending = 0;
    socket.on('data', ({ length }: Buffer) => {
      pending += length;
      const count = Math.floor(pending / answerBytes);
      pending -= count * answerBytes;
      answers += count;
      if (count > 0) socket.write(QUESTIONS.subarray(0, count * QUESTION.length));
    });
    socket.write(QUESTIONS.subarray(0, outstanding * QUESTION.length));
  }
  await delay(load.milliseconds / 4);
  const [before, sinceMs] = [answers, performance.now()];
  await delay(load.milliseconds);
  const perSecond = (1_000 * (answers - before)) / (performance.now() - sinceMs);
  for (const socket of sockets) socket.destroy();
  return perSecond;
}

async function open({ address, isBare }: Load): Promise<Socket> {
  const socket = await dial(address);
  if (isBare) return socket;
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.write(HELLO);
  return socket;
}

async function bytesOfAnswer(address: string): Promise<number> {
  const socket = await dial(address);
  const decoder = new FrameDecoder(FRAME_BYTES_MAX);
  const [, answer] = await new Promise<Uint8Array[]>((resolve) => {
    const frames: Uint8Array[] = [];
    socket.on('data', (chunk: Buffer) => {
      if (frames.length === 0) socket.write(Buffer.concat([HELLO, QUESTION]));
      frames.push(...decoder.push(chunk));
      if (frames.length > 1) resolve(frames);
    });
  });
  socket.destroy();
  const content = answer?.length ?? 0;
  return content + (content < 24 ? 1 : content < 256 ? 2 : 3);
}

const service = registrationOf(0, 'bench').service;
const QUESTION = framed({ kind: 'lookup', request: 7, service });
const QUESTIONS = Buffer.concat(Array<Uint8Array>(4_096).fill(QUESTION));
const INSTANCES = 10;
const LOADS = [
  { connections: 1, outstanding: 1, must: '9,000' },
  { connections: 50, outstanding: 1, must: '60,000' },
  { connections: 50, outstanding: 16, must: '250,000' },
];
