// Tells a story: runs the commands of a transcript in a simulated world, and writes below each the
// lines of the servers. Servers that say the same at the same tenth of a second share a line. Lines
// that begin with `#` are prose, with `$` commands; all else is written by this program.

import { sentenceOf } from '../../src/core/notices.ts';
import { Cluster, instancesAt } from '../sim/world/cluster.ts';
import type { ServerSpec, SimServer } from '../sim/world/cluster.ts';

/** The transcript with its present lines. */
export function tell(transcript: string): string {
  const teller = new Teller();
  const lines = transcript.split('\n').filter((line) => line === '' || /^[#$]/.test(line));
  const told = lines.flatMap((line) =>
    line.startsWith('$ ') ? [line, ...teller.run(line.slice(2))] : [line],
  );
  return told.join('\n');
}

interface Saying {
  readonly atMs: number;
  readonly who: Set<string>;
  readonly what: string;
}

class Teller {
  readonly #world = new Cluster({ seed: 1, traits: { delayMs: [0.5, 0.5] } });
  readonly #hidden = new Set<string>(QUIET);
  #said: Saying[] = [];
  #heal: (() => void) | null = null;

  constructor() {
    this.#world.onNotice = (server, notice) => {
      if (this.#hidden.has(notice.name)) return;
      this.#say(server.name, sentenceOf(notice).replace(/ \([0-9a-f]{32}\)/, ''));
    };
  }

  run(command: string): string[] {
    const [verb = '', ...words] = command.split(' ');
    const act = this.#verbs()[verb];
    if (act === undefined) throw new Error(`no command ${verb}`);
    act(words);
    const lines = this.#said.map(({ atMs, who, what }) => {
      const time = `${(atMs / 1_000).toFixed(1)} s`.padStart(9);
      return `${time}  ${[...who].sort().join(' ')}: ${what}`;
    });
    this.#said = [];
    return lines;
  }

  #verbs(): Readonly<Record<string, (words: readonly string[]) => void>> {
    const world = this.#world;
    return {
      start: (words) => {
        this.#start(words);
      },
      run: ([duration = '']) => {
        world.run(1_000 * Number.parseFloat(duration));
      },
      serve: ([service = '', , host = '']) => {
        world.serve({ service, host });
      },
      'kill-service': ([name = '']) => {
        for (const service of world.services) if (service.spec.service === name) service.kill();
      },
      kill: (names) => {
        for (const name of names) world.kill(name);
      },
      stop: (names) => {
        for (const name of names) world.stop(name);
      },
      pause: (names) => {
        for (const name of names) world.pause(name);
      },
      resume: (names) => {
        for (const name of names) world.resume(name);
      },
      'power-off': ([host = '']) => {
        world.darken(host);
      },
      cut: (words) => {
        const groups = words.join(' ').split(' | ');
        this.#heal = world.split(...groups.map((group) => group.split(' ')));
      },
      heal: () => {
        this.#heal?.();
      },
      show: ([name = '']) => {
        this.#hidden.delete(name);
      },
      lookup: ([service = '']) => {
        for (const server of world.running()) this.#say(server.name, answerOf(server, service));
      },
    };
  }

  /** `start h1-a h1-b as master of staging knowing h2` */
  #start(words: readonly string[]): void {
    const after = (word: string): string | undefined =>
      words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
    const first = words.findIndex((word) => /^(as|of|knowing)$/.test(word));
    for (const name of first < 0 ? words : words.slice(0, first)) {
      const [host = '', side] = name.split('-');
      const environment = after('of');
      const peer = after('knowing');
      const spec: ServerSpec = {
        host,
        side: side === 'b' ? 'b' : 'a',
        isMaster: after('as') === 'master',
        ...(environment === undefined ? {} : { environment }),
        ...(peer === undefined ? {} : { peers: [peer] }),
      };
      this.#world.start(spec);
    }
  }

  #say(who: string, what: string): void {
    const atMs = Math.round(this.#world.nowMs / 100) * 100;
    const same = this.#said.find((saying) => saying.atMs === atMs && saying.what === what);
    if (same === undefined) this.#said.push({ atMs, who: new Set([who]), what });
    else same.who.add(who);
  }
}

function answerOf(server: SimServer, service: string): string {
  const { isComplete, missing } = server.core.state.view;
  const found = instancesAt(server)
    .filter(({ registration }) => registration.service === service)
    .map(({ host, state }) => `${state} on ${host}`)
    .sort();
  const view = isComplete ? 'complete' : `cannot see ${missing.join(', ') || 'everything yet'}`;
  return `${service} is ${found.join(', ') || 'nowhere'} (${view})`;
}

/** Events that would make every story long; `show NAME` tells them. */
const QUIET = ['link-up', 'link-down', 'link-released', 'dial-failed', 'masters-unreachable'];
