// The true connections between servers: chains of links that both ends hold, between servers that
// run, over a network that is not cut. And since when, because a bound begins with the path.

import type { Link } from '../../../src/core/server/entities.ts';
import { LINK_SILENCE_MS } from '../../../src/protocol/constants.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';

interface Path {
  readonly sinceMs: number;
  readonly seenMs: number;
  /** Since when it has been there without a blink. */
  readonly wholeMs: number;
  /** When it last had been there for long enough that a blink does not matter. */
  readonly settledMs: number;
  /** The longest silence on it: of its links, and of all links of the server at its beginning. */
  readonly silenceMs: number;
}

/** The paths between servers, as of the last look. */
export class Paths {
  #paths = new Map<string, Path>();
  #nowMs = 0;
  #lastMs = 0;

  update(world: Cluster): void {
    this.#lastMs = this.#nowMs;
    this.#nowMs = world.nowMs;
    const running = world.running().filter((server) => server.process.state === 'running');
    const byOrigin = new Map(running.map((server) => [server.core.state.self.id, server]));
    const next = new Map<string, Path>();
    for (const server of running) {
      for (const [other, silenceMs] of connectedTo(server, byOrigin, world)) {
        const key = keyOf(server, other);
        next.set(key, { ...this.#seen(this.#paths.get(key)), silenceMs });
      }
    }
    for (const [key, path] of this.#paths) {
      if (!next.has(key) && world.nowMs - path.settledMs < BLINK_MS) next.set(key, path);
    }
    this.#paths = next;
  }

  #seen(path: Path | undefined): Omit<Path, 'silenceMs'> {
    const nowMs = this.#nowMs;
    if (path === undefined) {
      return { sinceMs: nowMs, seenMs: nowMs, wholeMs: nowMs, settledMs: nowMs };
    }
    const wholeMs = path.seenMs >= this.#lastMs ? path.wholeMs : nowMs;
    const settledMs = nowMs - wholeMs >= SETTLE_MS ? nowMs : path.settledMs;
    return { sinceMs: path.sinceMs, seenMs: nowMs, wholeMs, settledMs };
  }

  /** For how long one server has had a path to another; 0 for never. */
  lastedMs(from: SimServer, to: SimServer): number {
    const path = this.#paths.get(keyOf(from, to));
    return path === undefined ? 0 : this.#nowMs - path.sinceMs;
  }

  /**
   * After how long a silence the slowest of its links is lost, as of the last look at which there
   * was this path: a link that has fallen silent meanwhile was one of them.
   */
  silenceMs(from: SimServer, to: SimServer): number {
    return this.#paths.get(keyOf(from, to))?.silenceMs ?? LINK_SILENCE_MS;
  }

  /** For how long a path has been there without a blink; 0 while it blinks, null for no path. */
  wholeForMs(from: SimServer, to: SimServer): number | null {
    const path = this.#paths.get(keyOf(from, to));
    if (path === undefined) return null;
    return path.seenMs === this.#nowMs ? this.#nowMs - path.wholeMs : 0;
  }

  /** Whether there was a path at the look before this one. */
  wasWhole(from: SimServer, to: SimServer): boolean {
    return (this.#paths.get(keyOf(from, to))?.seenMs ?? -Infinity) >= this.#lastMs;
  }
}

/** The servers to which there is a path, each with the longest silence on the best one. */
function connectedTo(
  from: SimServer,
  byOrigin: ReadonlyMap<string, SimServer>,
  world: Cluster,
): ReadonlyMap<SimServer, number> {
  const own = [...from.core.state.links.values()].map(silenceOf);
  const reached = new Map([[from, Math.max(LINK_SILENCE_MS, ...own)]]);
  const queue = [from];
  for (const server of queue) {
    for (const [peer, link] of server.core.state.links) {
      const other = byOrigin.get(peer);
      if (other?.core.state.links.has(server.core.state.self.id) !== true) continue;
      const silenceMs = Math.max(reached.get(server) ?? 0, silenceOf(link));
      if ((reached.get(other) ?? Infinity) <= silenceMs) continue;
      const [one, two] = [server.spec.host, other.spec.host];
      if (world.network.isCut(one, two) || world.network.isCut(two, one)) continue;
      reached.set(other, silenceMs);
      queue.push(other);
    }
  }
  return reached;
}

function silenceOf({ connection }: Link): number {
  return connection.pace.silenceMs;
}

function keyOf(from: SimServer, to: SimServer): string {
  return `${from.core.state.self.id} ${to.core.state.self.id}`;
}

/** A path that is back within this was not gone: less than a grace. */
const BLINK_MS = 400;

/** A path that came back for less than this may not have been noticed. */
const SETTLE_MS = 500;
