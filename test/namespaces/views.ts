// The answers of every server, compared with the expected ones. Each is asked by real commands,
// again and again until its answer is right; a last wrong answer fails the test.

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { expect } from 'vitest';

import type { Ended } from './programs.ts';
import type { Host, Server, World } from './shapes.ts';

/** The view that the servers of a host must have. */
export interface Sight {
  /** The hosts that can be reached, itself included. */
  readonly reached: readonly string[];
  /** The hosts that are split off. */
  readonly split: readonly string[];
  /** How many instances of `web` a host has, where that is not one. */
  readonly webs?: Readonly<Record<string, number>>;
}

/** The expected views of the servers of each host; a host that is not named is not asked. */
export type Sights = Readonly<Record<string, Sight>>;

/** Resolves when every server says that every host is reached. */
export async function agreeAll(world: World): Promise<void> {
  const reached = world.hosts.map(({ name }) => name);
  await agree(world, sightsOf(reached, { reached, split: [] }));
}

/** The same sight for several hosts. */
export function sightsOf(hosts: readonly string[], sight: Sight): Sights {
  return Object.fromEntries(hosts.map((name) => [name, sight]));
}

/**
 * Resolves when `lookup`, its `--watch`, `peers` and `status` give the expected answers, at every
 * server. Rejects when one of them never does.
 */
export async function agree(world: World, sights: Sights): Promise<void> {
  const questions = Object.entries(sights).flatMap(([name, sight]) => {
    const host = world.host(name);
    return host.servers.flatMap((server) => questionsAbout({ world, host, server, sight }));
  });
  await Promise.all(questions.map(answered));
}

/** The answer of a command at every server of these hosts. */
export async function askAll(
  world: World,
  hosts: readonly string[],
  words: readonly string[],
): Promise<Ended[]> {
  return await Promise.all(
    hosts.flatMap((name) => {
      const host = world.host(name);
      return host.servers.map((server) => ask(host, server, words));
    }),
  );
}

/** A change that a watch has told of. */
export interface Told {
  readonly atMs: number;
  /** `removed h1`. */
  readonly what: string;
  /** The id of the instance. */
  readonly instance: string;
}

/** The changes that the watch at a server has told of since then. */
export function toldAt({ watch }: Server, sinceMs: number): Told[] {
  return watch.said
    .filter(({ atMs, fields }) => atMs >= sinceMs && fields['instance'] !== undefined)
    .map(({ atMs, fields }) => {
      const { change, instance } = fields as unknown as WatchLine;
      return { atMs, what: `${change} ${instance!.host}`, instance: instance!.instance };
    });
}

/** The same, without the times. */
export function changesAt(server: Server, sinceMs: number): string[] {
  return toldAt(server, sinceMs).map(({ what }) => what);
}

/** The present set of the watch at a server: the host of each instance and its state. */
function watchedAt({ watch }: Server): string[] {
  const present = new Map<string, string>();
  for (const { fields } of watch.said) {
    const { change, instance } = fields as unknown as WatchLine;
    if (instance === undefined) continue;
    if (change === 'removed') present.delete(instance.instance);
    else present.set(instance.instance, `${instance.host} ${instance.state}`);
  }
  return [...present.values()].sort(byText);
}

interface WatchLine {
  readonly change: string;
  readonly instance?: InstanceLine;
}

interface InstanceLine {
  readonly instance: string;
  readonly host: string;
  readonly state: string;
}

interface Question {
  readonly what: string;
  readonly expected: unknown;
  readonly ask: () => Promise<unknown>;
}

interface Asked {
  readonly world: World;
  readonly host: Host;
  readonly server: Server;
  readonly sight: Sight;
}

function questionsAbout(asked: Asked): Question[] {
  const { host, server, sight } = asked;
  const command = (words: readonly string[], read: (json: never) => unknown) => async () => {
    const { code, stdout, stderr } = await ask(host, server, words);
    if (stdout === '') return { code, stderr };
    const json = JSON.parse(stdout) as object;
    // No server answered in time, on a machine that is busy: asked again.
    if ('error' in json) return { code, ...json };
    return { code, ...(read(json as never) as object) };
  };
  const web = webOf(sight);
  const view = { complete: sight.split.length === 0, missing: [...sight.split] };
  const at = `at ${server.name}`;
  return [
    {
      what: `lookup ${at}`,
      expected: { code: 0, ...view, instances: web },
      ask: command(['lookup', 'web', '--all', '--json'], lookupRead),
    },
    {
      what: `peers ${at}`,
      expected: { code: 0, complete: view.complete, servers: serverRowsOf(server, sight) },
      ask: command(['peers', '--json'], peersRead),
    },
    {
      what: `status ${at}`,
      expected: statusOf(asked),
      ask: command(['status', '--json'], statusRead),
    },
    { what: `watch ${at}`, expected: web, ask: () => Promise.resolve(watchedAt(server)) },
  ];
}

function webOf({ reached, split, webs = {} }: Sight): string[] {
  const rowsOf = (hosts: readonly string[], state: string) =>
    hosts.flatMap((name) => Array.from({ length: webs[name] ?? 1 }, () => `${name} ${state}`));
  return [...rowsOf(reached, 'live'), ...rowsOf(split, 'stale')].sort(byText);
}

function serverRowsOf(self: Server, { reached, split }: Sight): string[] {
  const rowsOf = (host: string, state: string) =>
    ['a', 'b'].map((side) => {
      const name = `${host}-${side}`;
      return name === self.name ? `${name} ${state} self` : `${name} ${state}`;
    });
  const live = reached.flatMap((host) => rowsOf(host, 'reachable'));
  return [...live, ...split.flatMap((host) => rowsOf(host, 'split'))].sort(byText);
}

function statusOf({ world, host, sight }: Asked): unknown {
  const { reached, split } = sight;
  const others = reached.filter((name) => name !== host.name);
  const state = others.length === 0 ? 'isolated' : split.length > 0 ? 'split' : 'healthy';
  const web = webOf(sight);
  const liveCount = web.filter((row) => row.endsWith(' live')).length;
  const masters = reached.filter((name) => world.host(name).isMaster);
  return {
    code: state === 'healthy' ? 0 : 1,
    state,
    complete: split.length === 0,
    missing: [...split],
    servers: { reachable: 2 * reached.length, suspect: 0, split: 2 * split.length },
    masters: 2 * masters.length,
    instances: { live: liveCount, stale: web.length - liveCount },
  };
}

function lookupRead(json: {
  complete: boolean;
  missing: string[];
  instances: InstanceLine[];
}): unknown {
  const { complete, missing } = json;
  const instances = json.instances.map(({ host, state }) => `${host} ${state}`);
  return { complete, missing, instances: instances.sort(byText) };
}

function peersRead(json: {
  complete: boolean;
  servers: { name: string; state: string; self: boolean }[];
}): unknown {
  const rows = json.servers.map(
    ({ name, state, self }) => `${name} ${state}${self ? ' self' : ''}`,
  );
  return { complete: json.complete, servers: rows.sort(byText) };
}

function statusRead(json: Record<string, unknown>): unknown {
  const { state, complete, missing, masters, instances } = json;
  // How many are gone is of the past, of which other tests of this world are a part.
  const { gone: _, ...servers } = json['servers'] as Record<string, number>;
  const { reachable } = masters as { reachable: number };
  return { state, complete, missing, servers, masters: reachable, instances };
}

async function answered({ what, expected, ask: askOnce }: Question): Promise<void> {
  const endMs = performance.now() + AGREED_MS_MAX;
  for (;;) {
    const answer = await askOnce();
    if (isDeepStrictEqual(answer, expected)) return;
    if (performance.now() > endMs) expect({ [what]: answer }).toEqual({ [what]: expected });
    await delay(ASKED_EVERY_MS);
  }
}

async function ask(host: Host, { address }: Server, words: readonly string[]): Promise<Ended> {
  return await host.terminal!.run([...words, '--environment=production', `--server=${address}`]);
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** Back-off after a split reaches 30 s. */
const AGREED_MS_MAX = 45_000;

const ASKED_EVERY_MS = 50;
