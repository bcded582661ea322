// The targets of lookups, by any door: the instances of one service; and lookups by the protocol
// while something else goes on.

import { setTimeout as delay } from 'node:timers/promises';

import { type Server, until } from './processes.ts';
import { openSession, registerOf, registrationOf, type Session } from './wire.ts';

/** Registers so many instances of the service `bench`, which are there as long as the session. */
export async function holdInstances({ address }: Server, count: number): Promise<Session> {
  let registered = 0;
  const services = await openSession(address, ({ kind }) => {
    if (kind === 'done') registered += 1;
  });
  for (let index = 0; index < count; index += 1) {
    services.send(registerOf(index, registrationOf(index, 'bench')));
  }
  await until('all are registered', () => registered === count);
  return services;
}

/** Asks a server by the protocol again and again; the end tells how long each answer took, in ms. */
export async function startTiming(server: Server): Promise<{ end(): number[] }> {
  const times: number[] = [];
  let sinceMs = 0;
  let isOver = false;
  const session = await openSession(server.address, ({ kind }) => {
    if (kind !== 'instances') return;
    times.push(performance.now() - sinceMs);
    void delay(PAUSE_MS).then(ask);
  });
  const { service } = registrationOf(0, 'bench');
  const ask = (): void => {
    if (isOver) return;
    sinceMs = performance.now();
    session.send({ kind: 'lookup', request: 1, service });
  };
  ask();
  return {
    end: () => {
      isOver = true;
      session.close();
      return times;
    },
  };
}

/** Between two lookups. */
const PAUSE_MS = 2;
