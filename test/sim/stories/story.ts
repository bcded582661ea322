// Stories: small worlds in which one thing happens, told to all checkers and to questions of their
// own. Each is told as it should be (scenarios.test.ts) and with a rule taken away
// (mutations.test.ts), when something must be wrong.

import type { Checker } from '../checkers/checker.ts';
import { Monitor } from '../checkers/checker.ts';
import { convergence, hasConverged } from '../checkers/convergence.ts';
import type { Cluster, Sabotage, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import { allCheckers } from '../world/run.ts';
import type { SettledOptions } from './scenarios.ts';
import { settledCluster } from './scenarios.ts';

/** The parts of a story. */
export interface Stage {
  readonly world: Cluster;
  readonly monitor: Monitor;
  /** Lets time pass, watched. */
  readonly run: (forMs: number) => void;
  /** Reports if something is wrong. */
  readonly demand: (isTrue: boolean, what: string) => void;
  /** All must agree within a time. */
  readonly agreeWithin: (ms: number) => void;
}

/** Returns what was wrong: nothing, if all rules are kept. */
export type Story = (sabotage?: Sabotage, seed?: number) => string[];

/** A story of a settled world. */
export function story(
  options: SettledOptions & { readonly checkers?: () => Checker[] },
  tell: (stage: Stage) => void,
): Story {
  return (sabotage, seed = 1) => {
    const world = settledCluster({ seed, ...options, ...(sabotage && { sabotage }) });
    const monitor = new Monitor(world, (options.checkers ?? allCheckers)());
    const wrong: string[] = [];
    // With a rule taken away one thing that is wrong is enough.
    const isEnough = (): boolean =>
      sabotage !== undefined && wrong.length + monitor.violations.length > 0;
    const run = (forMs: number): void => {
      monitor.run(forMs, isEnough);
      if (isEnough()) throw ENOUGH;
    };
    const demand = (isTrue: boolean, what: string): void => {
      if (!isTrue) wrong.push(what);
    };
    const agreeWithin = (ms: number): void => {
      const endMs = world.nowMs + ms;
      while (world.nowMs < endMs && !hasConverged(world)) run(100);
      monitor.note(convergence);
    };
    try {
      tell({ world, monitor, run, demand, agreeWithin });
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
    return [...monitor.violations.map(({ what }) => what), ...wrong];
  };
}

/** Ends a telling early. */
const ENOUGH = new Error('something is wrong');

/** A server's standing of every server of a host. */
export function standingsOf(server: SimServer, host: string): string[] {
  return [...server.core.state.origins.values()]
    .filter(({ log }) => log.facts.host === host)
    .map(({ standing }) => standing);
}

/** How a server answers an instance; `none` if it does not. */
export function stateAt(server: SimServer, instance: string): string {
  const found = instancesAt(server).find((one) => one.registration.instance === instance);
  return found?.state ?? 'none';
}

/** How often a notice was given, by all servers. */
export function noticesOf(world: Cluster, name: string, sinceMs = 0): number {
  return world.servers
    .flatMap(({ notices }) => notices)
    .filter(({ nowMs, notice }) => nowMs >= sinceMs && notice.name === name).length;
}

/** The names of the servers that a server has links to. */
export function linkedTo(server: SimServer): string[] {
  const { links, origins } = server.core.state;
  return [...links.keys()].map((id) => origins.get(id)?.log.facts.name ?? id).sort();
}
