// A server core under whatever its connections may bring: strangers, clients and peers that lie.
// The invariants: a step never fails; its messages can be sent; and a connection that is closed for
// a breach leaves exactly the state behind that a close would have left: a twin of the server gets
// just that close, and is compared.

import { deepStrictEqual, fail, ok } from 'node:assert/strict';
import type { Effect } from '../../src/core/effect.ts';
import type { Input } from '../../src/core/input.ts';
import { Server } from '../../src/core/server/server.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../src/protocol/constants.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import type { Name } from '../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../src/protocol/messages.ts';
import { VECTORS } from '../protocol/vectors.ts';
import { prngOf } from '../sim/world/prng.ts';
import { factsOf, originOf, serverOptions, withKey } from '../support/server-stage.ts';
import type { Chance } from './chance.ts';
import { mutatedBytes, mutatedItem } from './mutate.ts';
import type { Target } from './target.ts';
import { kindOf } from './target.ts';

/** One thing that happens to the server. `at` chooses the connection. */
type Act =
  | { readonly act: 'open'; readonly transport: 'tcp' | 'unix'; readonly dialled: boolean }
  | { readonly act: 'bytes'; readonly at: number; readonly hex: string }
  | { readonly act: 'close' | 'congested' | 'drained' | 'heard'; readonly at: number }
  | { readonly act: 'pass' | 'sleep'; readonly milliseconds: number }
  | { readonly act: 'reload' | 'stop' };

type Script = readonly Act[];

const environment = 'production' as Name;
const ADDRESS = '10.0.0.2:17310';

const client: MessageOf<'hello'> = { kind: 'hello', protocol: 2, role: 'client', environment };
const peerOf = (digit: string): MessageOf<'hello'> => ({
  ...client,
  role: 'peer',
  origin: originOf(digit),
  facts: factsOf(digit, { role: 'master' }),
});
const welcome: MessageOf<'welcome'> = {
  kind: 'welcome',
  protocols: [2],
  environment,
  origin: originOf('2'),
  facts: factsOf('2'),
};

const open: Act = { act: 'open', transport: 'tcp', dialled: false };
const reach: Act = { act: 'open', transport: 'tcp', dialled: true };
const say = (at: number, message: Message): Act => ({ act: 'bytes', at, hex: hexOf(message) });
const facts = [{ kind: 'facts', facts: factsOf('1', { role: 'master' }) }] as const;
const ups = [{ kind: 'up', peer: originOf('0') }] as const;
const batch = { origin: originOf('1'), first: 1, entries: [...facts, ...ups] };

/** Messages of both kinds of connections, about the few ids there are. */
const MESSAGES: readonly string[] = [
  ...VECTORS.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
  ...[client, peerOf('1'), peerOf('0'), peerOf('3'), welcome].map(hexOf),
  hexOf({ kind: 'entries', batches: [batch] }),
  hexOf({ kind: 'entries', batches: [{ ...batch, first: 3, entries: ups }] }),
];

const SEEDS: readonly Script[] = [
  [open],
  [open, say(0, client), ...MESSAGES.map((hex): Act => ({ act: 'bytes', at: 0, hex }))],
  ...MESSAGES.map((hex): Script => [open, say(0, client), { act: 'bytes', at: 0, hex }]),
  ...MESSAGES.map((hex): Script => [open, say(0, peerOf('1')), { act: 'bytes', at: 0, hex }]),
  [reach, say(0, welcome), say(0, { kind: 'ping' }), { act: 'pass', milliseconds: 400 }],
];

/** The target. */
export const serverTarget: Target<Script> = {
  name: 'server',
  seeds: SEEDS,
  mutate: mutatedScript,
  run: (script) => new Play().perform(script),
  show: (script) => JSON.stringify(script),
};

function mutatedScript(script: Script, chance: Chance): Script {
  const at = chance.below(script.length + 1);
  const here = script[at];
  if (here?.act === 'bytes' && chance.oneIn(2)) {
    const bytes = Uint8Array.from(Buffer.from(here.hex, 'hex'));
    const change = chance.oneIn(4) ? mutatedBytes : mutatedItem;
    const hex = Buffer.from(change(bytes, chance)).toString('hex');
    return script.toSpliced(at, 1, { ...here, hex });
  }
  if (script.length > SCRIPT_ACTS_MAX || chance.oneIn(8)) return script.toSpliced(at, 1);
  if (chance.oneIn(8)) return [...script.slice(0, at), ...chance.pick(SEEDS)];
  return script.toSpliced(at, 0, newAct(chance));
}

function newAct(chance: Chance): Act {
  const at = chance.below(4);
  switch (chance.below(12)) {
    case 0:
      return { act: 'open', transport: chance.pick(['tcp', 'unix']), dialled: chance.oneIn(4) };
    case 1:
      return { act: chance.pick(['close', 'congested', 'drained', 'heard'] as const), at };
    case 2:
      return { act: 'pass', milliseconds: chance.pick([1, 100, 500, 1_300, 3_100, 11_000]) };
    case 3:
      return chance.oneIn(4)
        ? { act: chance.pick(['reload', 'stop'] as const) }
        : { act: 'sleep', milliseconds: chance.pick([150, 2_000]) };
    case 4:
      return say(at, chance.pick([client, peerOf('1'), peerOf('2'), welcome]));
    default:
      return { act: 'bytes', at, hex: chance.pick(MESSAGES) };
  }
}

/** One performance of a script, on a server and on its twin. */
class Play {
  readonly #server = newServer();
  readonly #twin = newServer();
  readonly #open: number[] = [];
  readonly #names = new Set<string>();
  #nowMs = 1_000;
  #connections = 0;

  perform(script: Script): Iterable<string> {
    this.#give({ kind: 'deadline' });
    for (const act of script) this.#act(act);
    this.#pass(100);
    deepStrictEqual(stateOf(this.#server), stateOf(this.#twin));
    return this.#names;
  }

  #act(act: Act): void {
    switch (act.act) {
      case 'open': {
        this.#connections += 1;
        const connection = this.#connections;
        this.#open.push(connection);
        // The shell opens one connection for a dial, and the core dials where none is open.
        const target = this.#server.state.linking.targets.get(ADDRESS);
        const isDialled = act.dialled && target?.phase !== 'connected';
        const dialled = isDialled ? ADDRESS : null;
        this.#give({ kind: 'opened', connection, remote: 'r', dialled, transport: act.transport });
        return;
      }
      case 'pass':
        this.#pass(act.milliseconds);
        return;
      case 'sleep':
        this.#nowMs += act.milliseconds;
        return;
      case 'stop':
      case 'reload':
        this.#give({ kind: act.act });
        return;
      default: {
        const connection = this.#open[act.at % Math.max(1, this.#open.length)];
        if (connection !== undefined) this.#happen(connection, act);
      }
    }
  }

  #happen(connection: number, act: Extract<Act, { readonly at: number }>): void {
    if (act.act === 'close') {
      this.#forget(connection);
      this.#give({ kind: 'closed', connection, reason: 'closed' });
    } else if (act.act === 'bytes') this.#receive(connection, act.hex);
    else this.#give({ kind: act.act, connection });
  }

  #receive(connection: number, hex: string): void {
    const { phase } = this.#server.state.connections.get(connection) ?? { phase: 'none' };
    let message;
    try {
      message = withKey(decodeMessage(Uint8Array.from(Buffer.from(hex, 'hex'))));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#names.add(`${phase} ${kindOf(error.message)}`);
      this.#breach(connection, { kind: 'unreadable', connection, error });
      return;
    }
    const what = `${phase} ${message.kind}`;
    this.#names.add(what);
    this.#breach(connection, { kind: 'received', connection, message }, what);
  }

  /** What breaks the contract leaves what a close would leave. */
  #breach(connection: number, input: Untimed<Input>, what = ''): void {
    const effects = this.#step(this.#server, input);
    for (const effect of effects) this.#names.add(`${what} ${nameOf(effect)}`);
    const isBreach = effects.some(
      (effect) =>
        effect.kind === 'close' && effect.connection === connection && BREACHES.has(effect.why),
    );
    const reason = 'closed';
    this.#step(this.#twin, isBreach ? { kind: 'closed', connection, reason } : input);
    if (isBreach) deepStrictEqual(stateOf(this.#server), stateOf(this.#twin), what);
  }

  #pass(milliseconds: number): void {
    const endMs = this.#nowMs + milliseconds;
    let rounds = 0;
    for (let next = this.#server.nextDeadlineMs(); next <= endMs;) {
      this.#nowMs = Math.max(this.#nowMs, next);
      this.#give({ kind: 'deadline' });
      next = this.#server.nextDeadlineMs();
      rounds += 1;
      ok(rounds < 20 * (milliseconds + 100), 'a deadline is never done with');
    }
    this.#nowMs = endMs;
  }

  #give(input: Untimed<Input>): void {
    for (const effect of this.#step(this.#server, input)) {
      this.#names.add(`${input.kind} ${nameOf(effect)}`);
    }
    this.#step(this.#twin, input);
  }

  #step(server: Server, input: Untimed<Input>): readonly Effect[] {
    const effects = server.step({ ...input, nowMs: this.#nowMs });
    for (const effect of effects) {
      if (effect.kind === 'close') this.#forget(effect.connection);
      // The bulkhead of a server hides a thrown error from its caller.
      if (effect.kind === 'notice' && effect.notice.name === 'fault') {
        fail(String(effect.notice.fields.reason));
      }
      if (effect.kind !== 'send' || server === this.#twin) continue;
      const bytes = encodeMessage(effect.message);
      ok(bytes.length <= FRAME_BYTES_MAX, `${effect.message.kind}: ${String(bytes.length)} bytes`);
      decodeMessage(bytes);
    }
    return effects;
  }

  #forget(connection: number): void {
    const at = this.#open.indexOf(connection);
    if (at >= 0) this.#open.splice(at, 1);
  }
}

type Untimed<I> = I extends { readonly nowMs: number } ? Omit<I, 'nowMs'> : never;

function newServer(): Server {
  const options = serverOptions({
    environment,
    facts: factsOf('0', { role: 'master' }),
    peers: [ADDRESS],
    splitHoldMs: 9_000,
    limits: { connections: 3, strangers: 3, 'connections-per-address': 4, registrations: 2 },
    random: prngOf(1),
  });
  return new Server(options);
}

/** The state that a server acts upon later, in a fixed order. */
function stateOf({ state }: Server): unknown {
  const origins = [...state.origins.values()].map(({ id, log, standing, isProven }) =>
    [id, log.sequence, log.hash, standing, isProven].join(' '),
  );
  return {
    origins: origins.sort(),
    counts: { ...state.catalogue.counts },
    services: state.catalogue.serviceNames(),
    sessions: [...state.sessions.values()].map(
      ({ connection, registrations, watches }) =>
        `${String(connection.id)} ${[...registrations.keys()].join()} ${[...watches.keys()].join()}`,
    ),
    connections: [...state.connections.values()].map(({ id, phase }) => `${String(id)} ${phase}`),
    strangers: [...state.linking.strangers.keys()],
    accepted: state.linking.strangers.counts,
    links: [...state.links.keys()],
    owners: [...state.clients.owners],
    goodbyes: [...state.past.goodbyes.keys()],
    unheard: [...state.reach.unheard].sort(),
    masters: [...state.addresses.masters.keys()].sort(),
    isComplete: state.view.isComplete,
  };
}

function nameOf(effect: Effect): string {
  if (effect.kind === 'notice') return `notice ${effect.notice.name}`;
  if (effect.kind === 'close') return `close ${effect.why}`;
  if (effect.kind !== 'send') return effect.kind;
  const { message } = effect;
  return message.kind === 'error' ? `error ${String(message.error)}` : `send ${message.kind}`;
}

function hexOf(message: Message): string {
  return Buffer.from(encodeMessage(message)).toString('hex');
}

const BREACHES: ReadonlySet<string> = new Set([
  'malformed-frame',
  'frame-too-long',
  'malformed-message',
  'unexpected-message',
  'overloaded',
]);

const SCRIPT_ACTS_MAX = 40;
