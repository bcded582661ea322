// Two thousand clients in twenty programs on a host of half a core. They are to be registered within
// 20 s, after the restart of both servers too, and no handshake is given up. The machine of a test may
// be busy itself, so they may take ten times as long; the test prints what it took, and why sessions
// were lost. When all come for the first time, most of the time goes into the start of twenty programs.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import { type Namespace, type Stage, test } from '../support/processes.ts';
import { storm } from './boot-storm.ts';

/** A control group of half a core; it is removed when no process of the test is left in it. */
class HalfCore implements AsyncDisposable {
  readonly #folder = join(CONTROLLER, `rarangi-test-${String(process.pid)}`);
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
    mkdirSync(this.#folder);
    writeFileSync(join(this.#folder, 'cpu.cfs_period_us'), '100000');
    writeFileSync(join(this.#folder, 'cpu.cfs_quota_us'), '50000');
    // The other programs of this machine must not take the half away.
    writeFileSync(join(this.#folder, 'cpu.shares'), '200000');
  }

  /** A host of its own in it. */
  async openHost(): Promise<Namespace> {
    const { enter } = await this.#stage.openNamespace();
    const script = `echo $$ > ${this.#folder}/cgroup.procs && exec "$@"`;
    return { enter: [...enter, 'sh', '-c', script, 'sh'] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#stage.processesLeft()) process.kill(pid, 'SIGKILL');
    const members = () => readFileSync(join(this.#folder, 'cgroup.procs'), 'utf8');
    await eventually(members, () => (members() === '' ? true : undefined));
    rmdirSync(this.#folder);
  }
}

const CONTROLLER = '/sys/fs/cgroup/cpu';
const canLimit = existsSync(join(CONTROLLER, 'cpu.cfs_quota_us')) && needs('util-linux');
if (!canLimit)
  console.error(`*** NOT TESTED: half a core needs root, and ${CONTROLLER} (version 1)`);

test.skipIf(!canLimit)(
  'two thousand clients are registered again on half a core',
  async ({ stage }) => {
    await using half = new HalfCore(stage);
    const serve = ['serve', '--log-format=json'];
    const clients = { programsCount: 20, clientsCount: 100, within: await half.openHost() };

    const outcome = await storm(stage, { ...clients, serve }, () => Promise.resolve());

    console.log(JSON.stringify(outcome));
    // Both were killed; of a handshake that was given up nothing is to be heard.
    expect(['closed by the other end', 'connection reset']).toEqual(
      expect.arrayContaining([...outcome.reasons]),
    );
  },
);
