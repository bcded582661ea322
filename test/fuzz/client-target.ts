// The cores of the client's side under a server that lies: a registering client, a question, a
// watch. The invariants: a step never fails, its messages can be sent, and it does not spin.

import { ok } from 'node:assert/strict';
import { Ask } from '../../src/core/client/ask.ts';
import type { ClientEffect, ConnectionInput } from '../../src/core/client/effect.ts';
import { ClientCore } from '../../src/core/client/client.ts';
import { Watcher } from '../../src/core/client/watcher.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import type { Name } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { VECTORS } from '../protocol/vectors.ts';
import { prngOf } from '../sim/world/prng.ts';
import { factsOf, instanceIdOf, keyOf, originOf } from '../support/server-stage.ts';
import type { Chance } from './chance.ts';
import { mutatedBytes, mutatedItem } from './mutate.ts';
import type { Target } from './target.ts';
import { kindOf } from './target.ts';

/** The messages of a server, one after another; an empty one closes, a number is time. */
interface Talk {
  readonly core: 'client' | 'ask' | 'watch';
  readonly said: readonly (string | number)[];
}

interface Core {
  step(input: ConnectionInput): readonly ClientEffect<unknown>[];
  nextDeadlineMs(): number;
}

const environment = 'production' as Name;
const service = 'db' as Name;
const addresses = ['10.0.0.2:17310', '10.0.0.3:17310'];

const welcome = hexOf({
  kind: 'welcome',
  protocols: [2],
  environment,
  origin: originOf('2'),
  facts: factsOf('2'),
});
const MESSAGES = [welcome, ...VECTORS.map(({ bytes }) => Buffer.from(bytes).toString('hex'))];

const SEEDS: readonly Talk[] = (['client', 'ask', 'watch'] as const).flatMap((core) => [
  { core, said: [welcome] },
  ...MESSAGES.map((hex): Talk => ({ core, said: [welcome, hex, 300, welcome, hex] })),
]);

/** The target. */
export const clientTarget: Target<Talk> = {
  name: 'clients',
  seeds: SEEDS,
  mutate: mutatedTalk,
  run: ({ core, said }) => perform(newCore(core), core, said),
  show: (talk) => JSON.stringify(talk),
};

function mutatedTalk({ core, said }: Talk, chance: Chance): Talk {
  const at = chance.below(said.length + 1);
  const here = said[at];
  if (typeof here === 'string' && here !== '' && chance.oneIn(2)) {
    const bytes = Uint8Array.from(Buffer.from(here, 'hex'));
    const change = chance.oneIn(4) ? mutatedBytes : mutatedItem;
    const hex = Buffer.from(change(bytes, chance)).toString('hex');
    return { core, said: said.toSpliced(at, 1, hex) };
  }
  if (said.length > SAID_MAX || chance.oneIn(6)) return { core, said: said.toSpliced(at, 1) };
  const fresh = chance.oneIn(4) ? chance.pick(['', 1, 300, 4_000]) : chance.pick(MESSAGES);
  return { core, said: said.toSpliced(at, 0, fresh) };
}

function newCore(core: Talk['core']): Core {
  const random = prngOf(1);
  switch (core) {
    case 'ask':
      return new Ask({
        environment,
        addresses,
        question: { kind: 'lookup', service, wanted: {} },
        timeoutMs: 2_000,
      });
    case 'watch':
      return new Watcher({ environment, addresses, service, wanted: {}, random });
    default:
      return registering(new ClientCore({ environment, addresses, sessionsMax: 2, random }));
  }
}

function registering(core: ClientCore): Core {
  const offer = { service, address: '', port: 1, scheme: null, tags: [] };
  const instance = instanceIdOf('f');
  const identity = { instance, key: keyOf(instance) };
  core.step({ kind: 'register', nowMs: 0, identity, offer });
  return core;
}

function perform(core: Core, what: string, said: Talk['said']): Iterable<string> {
  const names = new Set<string>();
  const open: number[] = [];
  let nowMs = 0;
  let connections = 0;
  let steps = 0;
  const step = (input: Record<string, unknown>): void => {
    steps += 1;
    ok(steps < STEPS_MAX, 'it spins');
    for (const effect of core.step({ ...input, nowMs } as ConnectionInput)) {
      names.add(`${what} ${String(input['kind'])} ${effect.kind}`);
      if (effect.kind === 'send') decodeMessage(encodeMessage(effect.message));
      else if (effect.kind === 'close') open.splice(open.indexOf(effect.connection), 1);
      else if (effect.kind === 'dial') {
        connections += 1;
        open.push(connections);
        const { address } = effect;
        step({
          kind: 'opened',
          connection: connections,
          remote: address,
          dialled: address,
          transport: 'tcp',
        });
      }
    }
  };
  const pass = (milliseconds: number): void => {
    const endMs = nowMs + milliseconds;
    for (let next = core.nextDeadlineMs(); next <= endMs; next = core.nextDeadlineMs()) {
      nowMs = Math.max(nowMs, next);
      step({ kind: 'deadline' });
    }
    nowMs = endMs;
  };
  step({ kind: 'deadline' });
  for (const one of said) {
    const [connection] = open;
    if (typeof one === 'number') pass(one);
    else if (connection === undefined) pass(300);
    else if (one === '') {
      open.shift();
      step({ kind: 'closed', connection, reason: 'closed' });
    } else step(arrival(connection, one, (name) => names.add(`${what} ${name}`)));
  }
  return names;
}

function arrival(
  connection: number,
  hex: string,
  note: (name: string) => void,
): Record<string, unknown> {
  try {
    const message = decodeMessage(Uint8Array.from(Buffer.from(hex, 'hex')));
    note(message.kind);
    return { kind: 'received', connection, message };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    note(kindOf(error.message));
    return { kind: 'unreadable', connection, error };
  }
}

function hexOf(message: Message): string {
  return Buffer.from(encodeMessage(message)).toString('hex');
}

const SAID_MAX = 30;
const STEPS_MAX = 5_000;
