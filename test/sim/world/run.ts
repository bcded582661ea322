// One run: a cluster chosen by the seed, a time in which things go wrong while the checkers look on,
// then a heal, after which all must agree. The same seed gives the same run.

import type { Pace } from '../../../src/core/kit/pace.ts';
import { SPLIT_HOLD_MS } from '../../../src/protocol/constants.ts';
import { loneLosses } from '../checkers/alone.ts';
import { certainAnswers } from '../checkers/certain.ts';
import type { Checker, Violation } from '../checkers/checker.ts';
import { Monitor } from '../checkers/checker.ts';
import { clientsBack } from '../checkers/clients.ts';
import { convergence, hasConverged } from '../checkers/convergence.ts';
import { goodbyesHeard } from '../checkers/farewell.ts';
import { trueHistories } from '../checkers/histories.ts';
import { isolation } from '../checkers/isolation.ts';
import { noLoss } from '../checkers/loss.ts';
import { exactBudgets } from '../checkers/budgets.ts';
import { boundedMemory } from '../checkers/memory.ts';
import { noResurrection } from '../checkers/resurrection.ts';
import { splitNoticed } from '../checkers/split.ts';
import { understanding } from '../checkers/understanding.ts';
import { honestWaking } from '../checkers/waking.ts';
import { nothingRepeated } from '../checkers/watching.ts';
import type { Sabotage, ServerSpec } from './cluster.ts';
import { addressOf, Cluster } from './cluster.ts';
import type { FaultKind } from './faults.ts';
import { FAULTS, FLEET, HOSTILE, LATER, MIXED, Mischief } from './faults.ts';
import type { Traits } from './network.ts';
import type { Prng } from './prng.ts';
import { prngOf } from './prng.ts';

/** Seeds from here on have more kinds of events, which only later versions of this knew. */
export const WIDE_SEED = 2 ** 32;

/** And from here on events that real fleets have shown. */
export const FLEET_SEED = 2 ** 33;

/** And from here on fleets whose servers differ. */
export const MIXED_SEED = 2 ** 34;

/** And from here on some of them have hostile neighbours. */
export const HOSTILE_SEED = 2 ** 35;

/** What to run. */
export interface RunOptions {
  readonly seed: number;
  /** Virtual time during which things go wrong. */
  readonly minutes: number;
  /** Whether there are hostile neighbours, whatever the seed says. */
  readonly isHostile?: boolean;
  readonly sabotage?: Sabotage;
  /** Told of everything that happens. */
  readonly log?: (line: string) => void;
}

/** The result of a run. */
export interface Outcome {
  readonly violations: readonly Violation[];
  readonly faultsCount: number;
  readonly chunksCount: number;
  /** From the heal to the moment at which all agreed; Infinity if they never did. */
  readonly agreedMs: number;
}

/** All checkers that look on all the time. */
export function allCheckers(): Checker[] {
  return [
    noResurrection(),
    noLoss(),
    splitNoticed(),
    isolation,
    boundedMemory,
    exactBudgets,
    goodbyesHeard(),
    nothingRepeated(),
    trueHistories(),
    clientsBack,
    understanding,
    loneLosses(),
    certainAnswers(),
    honestWaking(),
  ];
}

/** Runs a seed. */
export function simulate(options: RunOptions): Outcome {
  const { seed, minutes, sabotage } = options;
  const random = prngOf(seed ^ SWARM_SALT);
  const hostileRandom = prngOf(seed ^ HOSTILE_SALT);
  const swarm = invaded(swarmOfSeed(seed, random), options, hostileRandom);
  const { traits, splitHoldMs } = swarm;
  const world = new Cluster({ seed, traits, splitHoldMs, ...(sabotage && { sabotage }) });
  const log = (what: string): void => {
    options.log?.(`${(world.nowMs / 1_000).toFixed(3).padStart(9)}  ${what}`);
  };
  log(describe(swarm));
  if (options.log !== undefined) {
    world.onNotice = ({ name }, notice) => {
      log(`${name}: ${notice.name} ${Object.values(notice.fields).join(' ')}`);
    };
  }
  const monitor = new Monitor(world, allCheckers());
  const { specs, kinds } = swarm;
  const mischief = new Mischief({ world, specs, kinds, random, hostileRandom, log });
  for (const spec of specs) {
    world.start(spec);
    if (random() < 0.5) monitor.run(random() * 2_000);
  }
  for (let count = 0; count < 2 * swarm.hosts; count += 1) mischief.serve();
  for (let count = 0; count < WATCHERS; count += 1) mischief.watch();
  monitor.run(BOOT_MS);
  if (kinds.includes('intrude')) mischief.intrude();
  const endMs = world.nowMs + minutes * 60_000;
  let faultsCount = 0;
  while (world.nowMs < endMs) {
    monitor.run(-Math.log(1 - random()) * swarm.gapMs);
    mischief.act();
    faultsCount += 1;
  }
  log('heal everything');
  mischief.mendAll();
  const agreedMs = runUntilAgreed(world, monitor);
  for (const { nowMs, invariant, what } of monitor.violations) {
    log(`VIOLATION at ${(nowMs / 1_000).toFixed(1)} s: ${invariant}: ${what}`);
  }
  const { violations } = monitor;
  return { violations, faultsCount, chunksCount: world.network.chunksCount, agreedMs };
}

function runUntilAgreed(world: Cluster, monitor: Monitor): number {
  const sinceMs = world.nowMs;
  while (world.nowMs - sinceMs < AGREEMENT_MS_MAX) {
    monitor.run(1_000);
    if (!hasConverged(world)) continue;
    const agreedMs = world.nowMs - sinceMs;
    // Servers that agree must go on to agree.
    monitor.run(12_000);
    if (hasConverged(world)) return agreedMs;
  }
  monitor.note(convergence);
  return Infinity;
}

/** The choices of the seed before anything happens. */
interface Swarm {
  readonly hosts: number;
  readonly specs: readonly ServerSpec[];
  readonly kinds: readonly FaultKind[];
  readonly traits: Traits;
  readonly gapMs: number;
  readonly splitHoldMs: number;
}

function swarmOfSeed(seed: number, random: Prng): Swarm {
  const swarm = swarmOf(random);
  if (seed < WIDE_SEED) return swarm;
  const wide = widened(swarm, random);
  if (seed < FLEET_SEED) return wide;
  const shown = (Object.keys(FLEET) as FaultKind[]).filter(() => random() < 0.6);
  const fleet = { ...wide, kinds: [...wide.kinds, ...shown] };
  return seed < MIXED_SEED ? fleet : mixed(fleet, random);
}

/**
 * The part of hostile runs. Lies live as long as a split, so that is held briefly; and the network is
 * fast: what a neighbour may send fills a slow one.
 */
function invaded(swarm: Swarm, { seed, isHostile }: RunOptions, random: Prng): Swarm {
  const [chance, hold] = [random(), random()];
  if (!(isHostile ?? (seed >= HOSTILE_SEED && chance < 0.3))) return swarm;
  return {
    ...swarm,
    kinds: [...swarm.kinds, 'intrude'],
    traits: { ...swarm.traits, ...FAST },
    splitHoldMs: 5_000 + 15_000 * hold,
  };
}

/** In every other of these runs some hosts have timings of their own. */
function mixed(swarm: Swarm, random: Prng): Swarm {
  const kinds = random() < 0.3 ? [...swarm.kinds, 'replaceMasters' as const] : swarm.kinds;
  if (random() < 0.5) return { ...swarm, kinds };
  const paces = new Map<string, Pace | undefined>();
  const paceOf = (host: string): Pace | undefined => {
    if (!paces.has(host)) paces.set(host, PACES[Math.floor(2 * PACES.length * random())]);
    return paces.get(host);
  };
  const specs = swarm.specs.map((spec): ServerSpec => {
    const pace = paceOf(spec.host);
    return pace === undefined ? spec : { ...spec, pace };
  });
  return { ...swarm, specs, kinds };
}

/** The part of wide runs alone, so that earlier seeds give the same runs as before. */
function widened(swarm: Swarm, random: Prng): Swarm {
  const later = (Object.keys(LATER) as FaultKind[]).filter(() => random() < 0.5);
  const isHeldBriefly = random() < 0.3;
  return {
    ...swarm,
    kinds: [...swarm.kinds, ...later],
    splitHoldMs: isHeldBriefly ? 5_000 + 15_000 * random() : SPLIT_HOLD_MS,
  };
}

function swarmOf(random: Prng): Swarm {
  const hosts = 2 + Math.floor(random() * 5);
  const clusters = 1 + Math.floor(random() * 2);
  const masters = 1 + Math.floor(random() * Math.min(3, hosts));
  const names = Array.from({ length: hosts }, (_, index) => `h${String(index + 1)}`);
  const hasStaging = random() < 0.3;
  const specs = names.flatMap((host, index) =>
    (['a', 'b'] as const).map((side): ServerSpec => {
      const stray = hasStaging ? [addressOf('h1', 'a', 'staging')] : [];
      return {
        host,
        side,
        cluster: `c${String(1 + (index % clusters))}`,
        isMaster: index < masters,
        peers: [...(host === 'h1' ? names.slice(1, 2) : ['h1']), ...stray],
      };
    }),
  );
  if (hasStaging) {
    for (const host of names.slice(0, 2)) {
      const peers = ['h1', addressOf('h2', 'a')];
      specs.push({ host, side: 'a', environment: 'staging', isMaster: true, peers });
    }
  }
  const all = (Object.keys(FAULTS) as FaultKind[]).filter((kind) => {
    return ![LATER, FLEET, MIXED, HOSTILE].some((kinds) => kind in kinds);
  });
  return {
    hosts,
    specs,
    kinds: all.filter((kind) => kind === 'serve' || random() < 0.6),
    traits: {
      delayMs: random() < 0.7 ? [0.2, 1] : [2, 25],
      pieces: random() < 0.5 ? 0 : 0.3,
      ...(random() < 0.7 ? FAST : SLOW),
    },
    gapMs: 300 * 20 ** random(),
    splitHoldMs: SPLIT_HOLD_MS,
  };
}

function describe({ hosts, specs, kinds, traits, gapMs, splitHoldMs }: Swarm): string {
  return (
    `${String(hosts)} hosts, ${String(specs.length)} servers, ` +
    `${String(specs.filter(({ isMaster }) => isMaster === true).length)} masters` +
    `${describePaces(specs)}; ` +
    `a fault every ${gapMs.toFixed(0)} ms of ${kinds.join(' ')}; ` +
    `delay ${traits.delayMs.join('-')} ms, pieces ${String(traits.pieces)}, ` +
    `${String(traits.bytesPerMs)} bytes/ms, a split held for ${splitHoldMs.toFixed(0)} ms`
  );
}

function describePaces(specs: readonly ServerSpec[]): string {
  const paced = specs.filter(({ side, pace }) => side === 'a' && pace !== undefined);
  return paced
    .map(({ host, pace }) => `, ${host} beats every ${String(pace?.heartbeatMs)} ms`)
    .join('');
}

const FAST = { bytesPerMs: 100_000, kernelBytes: 64 * 1_024 };
/** Two kilobytes on their way are too many. */
const SLOW = { bytesPerMs: 50, kernelBytes: 2_048 };
/** Faster than usual, slower, and much slower. */
const PACES: readonly Pace[] = [
  { heartbeatMs: 200, silenceMs: 600 },
  { heartbeatMs: 1_000, silenceMs: 3_000 },
  { heartbeatMs: 2_000, silenceMs: 6_000 },
];
const SWARM_SALT = 0x5eed;
const HOSTILE_SALT = 0x0bad;
const BOOT_MS = 8_000;
const WATCHERS = 3;

/** Back-off is 30 s at most while a server is split off or alone, and cuts here last no longer. */
const AGREEMENT_MS_MAX = 120_000;
