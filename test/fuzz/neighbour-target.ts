// Sequences: a session or a link that says several sound things and then something at an edge, to one
// of two honest servers; with cuts, silences and goodbyes between. The invariants are in verdicts.ts.

import type { Server } from '../../src/core/server/server.ts';
import { instanceOf } from '../../src/io/machine/instance-key.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { factsOf, originOf } from '../support/server-stage.ts';
import type { Chance } from './chance.ts';
import {
  FROM_CLIENTS,
  FROM_PEERS,
  isHeavy,
  isSum,
  KINDS,
  MADE_UP,
  newDeed,
  newSaying,
  sharpened,
} from './deeds.ts';
import type { Deed } from './liar.ts';
import { Liar } from './liar.ts';
import { ENVIRONMENT, HONEST, Neighbourhood } from './neighbourhood.ts';
import type { Vocabulary } from './speech.ts';
import type { Target } from './target.ts';
import { judge, judgeAftermath } from './verdicts.ts';

/** One thing that happens. `at` chooses the connection. */
type Act =
  | { readonly act: 'link' | 'client'; readonly digit: number }
  | { readonly act: 'do'; readonly at: number; readonly deed: Deed }
  | { readonly act: 'closed' | 'congested' | 'drained'; readonly at: number }
  | { readonly act: 'pass'; readonly milliseconds: number }
  | { readonly act: 'cut' | 'heal' };

type Script = readonly Act[];

/** The target; `Core` may be a server with a planted bug. */
export function neighbourTarget(Core?: typeof Server): Target<Script> {
  return {
    name: 'neighbours',
    seeds: SEEDS,
    mutate: mutatedScript,
    run: (script) => new Play(Core).perform(script),
    show: (script) => JSON.stringify(script),
  };
}

/** One performance of a script. */
class Play {
  readonly #world: Neighbourhood;
  readonly #liars = new Map<number, Liar>();

  constructor(Core?: typeof Server) {
    this.#world = new Neighbourhood(Core);
  }

  perform(script: Script): Iterable<string> {
    for (const act of script) {
      this.#act(act);
      judge(this.#world);
    }
    // Who comes later is sent all that there is.
    this.#enter('peer', NEWCOMER);
    this.#world.pass(NEWS_MS);
    judge(this.#world);
    judgeAftermath(this.#world);
    return hasHeavy(script) ? [] : this.#world.names;
  }

  #act(act: Act): void {
    const world = this.#world;
    switch (act.act) {
      case 'link':
      case 'client':
        this.#enter(act.act === 'link' ? 'peer' : 'client', act.digit);
        break;
      case 'pass':
        world.pass(act.milliseconds);
        break;
      case 'cut':
      case 'heal':
        if (world.isCut !== (act.act === 'cut')) world.cut(act.act === 'cut');
        break;
      default: {
        // The newest first.
        const connection = world.liars.at(-1 - (act.at % Math.max(1, world.liars.length)));
        if (connection === undefined) break;
        if (act.act !== 'do') world.happen(connection, act.act);
        else this.#say(connection, this.#liars.get(connection)?.does(act.deed) ?? []);
      }
    }
  }

  #enter(role: 'peer' | 'client', digit: number): void {
    const world = this.#world;
    const [seat] = world.seats;
    const connection = world.open(role === 'peer' || digit > 2 ? 'tcp' : 'unix');
    const origin = originOf(String(digit));
    const facts = factsOf(String(digit), { host: `x${String(digit)}`, role: 'master' });
    const words: Vocabulary = {
      environment: ENVIRONMENT,
      origins: world.seats.map(({ server }) => server.state.self.id),
      instances: world.seats.map(({ registration }) => registration.instance),
      services: [HONEST, 'web'],
      hosts: world.seats.map(({ server }) => server.state.options.facts.host),
      own: [origin, ...MADE_UP],
    };
    const liar = new Liar({ role, origin, facts, words, instanceOf });
    this.#liars.set(connection, liar);
    this.#say(connection, liar.hello(seat.server.state.self.id));
  }

  #say(connection: number, messages: readonly Message[]): void {
    for (const message of messages) this.#world.say(connection, message);
  }
}

function mutatedScript(script: Script, chance: Chance): Script {
  if (chance.oneIn(2)) return [...script, ...newTale(chance)].slice(-ACTS_MAX);
  const at = chance.below(script.length + 1);
  const here = script[at];
  if (here?.act === 'do' && chance.oneIn(2)) {
    const deed = chance.oneIn(2) ? sharpened(here.deed, chance) : newDeed(chance, KINDS);
    return script.toSpliced(at, 1, { ...here, deed });
  }
  if (script.length > ACTS_MAX || chance.oneIn(6)) return script.toSpliced(at, 1);
  return script.toSpliced(at, 0, newAct(chance));
}

/** Somebody comes, says several sound things, and then some at an edge. */
function newTale(chance: Chance): Script {
  const act = chance.pick(['link', 'client'] as const);
  const does = (edgeOneIn: number): Act => {
    const deed = act === 'link' ? newDeed(chance, FROM_PEERS) : newSaying(chance, FROM_CLIENTS);
    return { act: 'do', at: 0, deed: isSum(deed) ? deed : { ...deed, edgeOneIn } };
  };
  const sound = Array.from({ length: 1 + chance.below(4) }, () => does(0));
  const edges = Array.from({ length: 1 + chance.below(3) }, () => does(chance.pick([1, 1, 2, 4])));
  const between = chance.oneIn(2) ? [] : [newAct(chance)];
  return [{ act, digit: 1 + chance.below(4) }, ...sound, ...between, ...edges];
}

function newAct(chance: Chance): Act {
  const at = chance.below(4);
  switch (chance.below(10)) {
    case 0:
      return { act: chance.pick(['link', 'client'] as const), digit: 1 + chance.below(4) };
    case 1:
      return { act: chance.pick(['closed', 'closed', 'congested', 'drained'] as const), at };
    case 2:
      return { act: chance.pick(['cut', 'heal'] as const) };
    case 3:
    case 4:
      return { act: 'pass', milliseconds: chance.pick([1, 10, 200, 700, 1_500, 3_500, 11_000]) };
    default:
      return { act: 'do', at, deed: newDeed(chance, KINDS) };
  }
}

/** What takes long is tried, but not changed further: soon all would take as long. */
function hasHeavy(script: Script): boolean {
  return script.some((act) => act.act === 'do' && isHeavy(act.deed));
}

const link: Act = { act: 'link', digit: 1 };
const client: Act = { act: 'client', digit: 1 };
const pass: Act = { act: 'pass', milliseconds: 200 };
const SEEDS: readonly Script[] = [
  [],
  [client, pass],
  [link, pass],
  [link, { act: 'link', digit: 2 }, pass],
  ...KINDS.flatMap((kind): Script[] => {
    const deed: Deed = { deed: 'say', kind, seed: 1, edgeOneIn: 0, itemsMax: 4 };
    return [
      [link, { act: 'do', at: 0, deed }, pass],
      [client, { act: 'do', at: 0, deed }, pass],
    ];
  }),
];

const ACTS_MAX = 14;
const NEWCOMER = 8;
const NEWS_MS = 100;
