// Sidecars that start, crash and end at random over two servers that are restarted in turn. Each
// life of a sidecar has a port that no other has, so a watch can be held to account for every one
// of them: it began once, it ended once, and what lives is there.

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { lookup, peers } from '../../src/index.ts';
import { prngOf, type Prng } from '../sim/world/prng.ts';
import { eventually } from '../support/conditions.ts';
import { type Host, serveWords, startHosts } from '../support/hosts.ts';
import type { Running, Stage } from '../support/processes.ts';

/** How much is going on, and for how long. */
export interface FlapOptions {
  readonly sidecarsCount: number;
  readonly milliseconds: number;
  /** The longest that a sidecar lives. */
  readonly lifeMsMax: number;
}

/** The result. */
export interface FlapOutcome {
  /** The stories of ports that cannot be true, by watcher. */
  readonly untrue: Readonly<Record<string, readonly string[]>>;
  /** Questions in between to which a service that never went was no answer. */
  readonly missesCount: number;
  /** The exit codes of the watchers. */
  readonly codes: readonly (number | null)[];
}

/** One life of one sidecar. */
interface Life {
  readonly port: number;
  readonly sidecar: Running;
  isOver: boolean;
}

/** Lets sidecars flap, and compares the events of two watchers with the truth. */
export async function flap(stage: Stage, options: FlapOptions): Promise<FlapOutcome> {
  const seed = Number(process.env['RARANGI_TEST_SEED'] ?? Date.now() % 1_000_000);
  process.stderr.write(`sidecars that flap: RARANGI_TEST_SEED=${seed}\n`);
  const random = prngOf(seed);
  const [host] = await startHosts(stage, 1);
  const { address } = host!;
  const world = new World(stage, address);
  const steady = world.begin('alone');
  await isRegistered(steady);
  const watchers = [SERVICE, PATTERN].map((name) =>
    stage.start(['lookup', name, '--watch', `--server=${address}`]),
  );
  await Promise.all(watchers.map((watcher) => watcher.printed({ change: 'synced' })));

  const over = new AbortController();
  // Every place waits with it.
  setMaxListeners(0, over.signal);
  const { sidecarsCount, milliseconds, lifeMsMax } = options;
  const places = Array.from({ length: sidecarsCount }, () =>
    livesAt(world, { random: prngOf(random() * 2 ** 32), lifeMsMax, over: over.signal }),
  );
  const restarts = restartInTurn(world, host!, { random, over: over.signal });
  const asking = missesOf(address, { port: steady.port, over: over.signal });
  const all = Promise.all([asking, restarts, ...places]);
  await Promise.race([delay(milliseconds), all]);
  over.abort();
  const [missesCount, restartsCount] = await all;
  process.stderr.write(`${world.lives.length} lives, ${restartsCount} restarts of servers\n`);

  await world.settled();
  const last = world.begin('alone');
  await Promise.all(watchers.map((watcher) => watcher.line(lineOf(last))));
  await Promise.all(watchers.map((watcher) => toldOfEnds(world.lives, watcher)));
  const ended = await Promise.all(watchers.map((watcher) => watcher.end('SIGINT')));
  const untrue = ended.map(({ stdout }) => untrueStories(world.lives, storiesIn(stdout)));
  return {
    untrue: { [SERVICE]: untrue[0]!, [PATTERN]: untrue[1]! },
    missesCount,
    codes: ended.map(({ code }) => code),
  };
}

/** All lives, over and not. */
class World {
  readonly lives: Life[] = [];
  readonly stage: Stage;
  readonly #address: string;
  readonly #lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  readonly #ends = new Set<Promise<void>>();
  #stillness: Promise<unknown> = Promise.resolve();
  #startsCount = 0;

  constructor(stage: Stage, address: string) {
    this.stage = stage;
    this.#address = address;
  }

  begin(kind: 'alone' | 'wrapping'): Life {
    const port = this.lives.length + 1;
    const where = [`--server=${this.#address}`, '--log-format=json', '--ready=none'];
    const offer = [`--name=${SERVICE}`, `--port=${String(port)}`];
    const command = kind === 'alone' ? [] : ['--', 'sh', '-c', 'echo $$; exec sleep 600'];
    const sidecar = this.stage.start(['register', ...where, ...offer, ...command]);
    const life = { port, sidecar, isOver: false };
    this.lives.push(life);
    return life;
  }

  /** A few start at a time, as many as a machine can take; the others wait for their turn. */
  starting(begin: () => Promise<Life>): Promise<Life> {
    const lane = this.#startsCount % this.#lanes.length;
    this.#startsCount += 1;
    const life = this.#lanes[lane]!.then(begin);
    this.#lanes[lane] = life.catch(() => undefined);
    return life;
  }

  /** The ports of those that have begun and have not been ended. */
  living(): number[] {
    return this.lives.filter(({ isOver }) => !isOver).map(({ port }) => port);
  }

  /**
   * Ends a life, but not while a server is ended: an instance that only one of the two knows is
   * told twice.
   */
  async ending(life: Life, end: () => Promise<void>): Promise<void> {
    await this.#stillness;
    life.isOver = true;
    const ended = end();
    this.#ends.add(ended);
    await ended.finally(() => this.#ends.delete(ended));
  }

  /** Does something while no life begins or ends. */
  async still(act: () => Promise<void>): Promise<void> {
    const acted = Promise.all(this.#lanes)
      .then(() => Promise.all(this.#ends))
      .then(act);
    this.#stillness = acted.catch(() => undefined);
    void this.#lanes.fill(this.#stillness);
    await acted;
  }

  /** Resolves when both servers answer exactly the living instances. */
  async settled(): Promise<void> {
    const expected = JSON.stringify(this.living());
    for (const server of sidesOf(this.#address)) {
      let answer = '';
      await eventually(
        () => `${server} answers ${expected}, but ${answer}`,
        async () => {
          const { instances } = await lookup(SERVICE, { servers: [server] });
          answer = JSON.stringify(instances.map(({ port }) => port).sort((a, b) => a - b));
          return answer === expected || undefined;
        },
      );
    }
  }
}

interface Flapping {
  readonly random: Prng;
  readonly over: AbortSignal;
}

/** One life after the other; the last one goes on. */
async function livesAt(
  world: World,
  { random, lifeMsMax, over }: Flapping & { readonly lifeMsMax: number },
): Promise<void> {
  const pause = (milliseconds: number) =>
    delay(random() * milliseconds, undefined, { signal: over }).catch(() => undefined);
  await pause(lifeMsMax / 2);
  for (;;) {
    const kind = random() < 0.5 ? 'alone' : 'wrapping';
    const isCutShort = kind === 'alone' && random() < 0.2;
    const life = await world.starting(async () => {
      const begun = world.begin(kind);
      if (isCutShort) await pause(START_MS);
      else await isRegistered(begun);
      return begun;
    });
    if (!isCutShort) await pause(lifeMsMax);
    if (over.aborted) return;
    const way = random();
    await world.ending(life, () => end(life, { kind, way }));
    await pause(START_MS);
  }
}

/** Ends a life: the sidecar is told to, or is killed, or its command is. */
async function end(
  life: Life,
  { kind, way }: { readonly kind: 'alone' | 'wrapping'; readonly way: number },
): Promise<void> {
  const { sidecar } = life;
  if (kind === 'alone') {
    await sidecar.end(way < 0.5 ? 'SIGKILL' : 'SIGTERM');
    return;
  }
  const command = Number(await sidecar.line(/^\d+$/));
  if (way < 1 / 3) sidecar.signal('SIGKILL');
  if (way < 2 / 3) process.kill(command, 'SIGKILL');
  else sidecar.signal('SIGTERM');
  await sidecar.ended;
}

/** Ends one server and starts it again, then the other, and so on; how often it did. */
async function restartInTurn(
  world: World,
  { name, address, a, b }: Host,
  { random, over }: Flapping,
): Promise<number> {
  const servers = [a, b];
  const words = serveWords({ name, address, isMaster: true, peers: [] });
  let turn = 0;
  for (; !over.aborted; turn += 1) {
    const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM';
    // An instance that only one of them holds would rightly be called gone.
    await world.still(async () => {
      await bothHoldAll(world, address);
      await servers[turn % 2]!.end(signal);
    });
    const server = world.stage.start(words);
    servers[turn % 2] = server;
    await server.said({ event: 'server-started' });
  }
  return turn;
}

/**
 * Resolves when each of the two holds all, and knows that the other does. They say how many each of
 * them holds, so that counts only if none holds an instance that is over.
 */
async function bothHoldAll(world: World, address: string): Promise<void> {
  await world.settled();
  const count = world.living().length;
  for (const server of sidesOf(address)) {
    let told = '';
    await eventually(
      () => `${server} says ${told}`,
      async () => {
        const { complete, servers } = await peers({ servers: [server] });
        const areWhole = servers.every(({ registrations }) => registrations === count);
        told = `${JSON.stringify(servers)} where ${count} live`;
        return (complete && servers.length === 2 && areWhole) || undefined;
      },
    );
  }
}

/** Asks again and again for a service that never goes; the number of answers without it. */
async function missesOf(
  address: string,
  { port, over }: { readonly port: number; readonly over: AbortSignal },
): Promise<number> {
  let missesCount = 0;
  while (!over.aborted) {
    const { instances } = await lookup(SERVICE, { servers: [address], timeoutMs: FOUND_AGAIN_MS });
    const isThere = instances.some((one) => one.port === port && one.state === 'live');
    if (!isThere) missesCount += 1;
    await delay(ASK_EVERY_MS);
  }
  return missesCount;
}

async function isRegistered({ sidecar }: Life): Promise<void> {
  await sidecar.said({ event: 'registered' });
}

/** Resolves when a watcher was told of each end: one whose server is new doubts it for a while. */
async function toldOfEnds(lives: readonly Life[], watcher: Running): Promise<void> {
  const portsOf = (change: string): unknown[] =>
    watcher.allPrinted({ change }).map((told) => (told as unknown as Told).instance?.port);
  const open = (): number[] => {
    const [begun, ended] = [portsOf('added'), portsOf('removed')];
    const over = lives.filter(({ isOver }) => isOver).map(({ port }) => port);
    return over.filter((port) => begun.includes(port) && !ended.includes(port));
  };
  await eventually(
    () => `no end was told of ${open().join()}`,
    () => open().length === 0 || undefined,
  );
}

/** The events of each port, in order. */
function storiesIn(stdout: string): Map<number, string[]> {
  const stories = new Map<number, string[]>();
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const { change, instance } = JSON.parse(line) as Told;
    if (instance === undefined) continue;
    const story = stories.get(instance.port) ?? [];
    stories.set(instance.port, [...story, change]);
  }
  return stories;
}

interface Told {
  readonly change: string;
  readonly instance?: { readonly port: number };
}

/** The stories that do not fit the truth. */
function untrueStories(lives: readonly Life[], stories: ReadonlyMap<number, string[]>): string[] {
  const fitting = lives.map((life) => {
    const story = (stories.get(life.port) ?? []).join(' ');
    return { life, story, isTrue: storyOf(life).test(story) };
  });
  return fitting
    .filter(({ isTrue }) => !isTrue)
    .map(({ life: { port, isOver }, story }) => {
      return `${String(port)}, ${isOver ? 'over' : 'alive'}: ${story}`;
    });
}

/** The possible events of a life in a watch: it may have been in doubt for a while. */
function storyOf({ port, sidecar, isOver }: Life): RegExp {
  const begin = `${port === STEADY_PORT ? 'present' : 'added'}( stale live)*`;
  if (!isOver) return new RegExp(`^${begin}$`);
  const whole = `${begin}( stale)? removed`;
  const wasRegistered = sidecar.allSaid({ event: 'registered' }).length > 0;
  return new RegExp(wasRegistered ? `^${whole}$` : `^(${whole})?$`);
}

function lineOf({ port }: Life): RegExp {
  return new RegExp(`"port":${String(port)}\\b`);
}

/** The two servers of a host, each by itself. */
function sidesOf(address: string): string[] {
  return [`${address}:17340`, `${address}:17341`];
}

const SERVICE = 'flap';
const PATTERN = 'fl*';

/** The first life is there before anyone watches, and to the end. */
const STEADY_PORT = 1;

/** How long a start takes, more or less, and the pause before the next. */
const START_MS = 1_000;

const FOUND_AGAIN_MS = 20_000;
const ASK_EVERY_MS = 100;
