// A machine with a systemd of its own, for tests of installations: see machine.sh. The invariant:
// whatever is done to it, nothing of it is left on this one, not even a control group.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import type { Ended, Running, Stage } from '../support/processes.ts';

/** Another machine, as its root sees it. */
export interface Machine {
  /** Runs a command to its end. */
  readonly run: (...words: readonly string[]) => Promise<Ended>;
  /** Runs a script that must succeed; resolves to what it printed, without the last line's end. */
  readonly must: (script: string) => Promise<string>;
}

/** Boots a machine on which nothing of ours is installed, and switches it off in the end. */
export async function withMachine(
  stage: Stage,
  use: (machine: Machine) => Promise<void>,
): Promise<void> {
  const group = join(groupsMount(), `rarangi-test-${String(process.pid)}`);
  mkdirSync(group);
  const outer = switchOn(stage, group);
  try {
    await use(await reach(stage, outer));
  } finally {
    await outer.end('SIGKILL');
    await eventually(
      () => `no process in ${group}`,
      () => (isGone(group) ? true : undefined),
    );
  }
}

/** The folder of the stage is seen there as /mnt. */
function switchOn(stage: Stage, group: string): Running {
  const layer = join(stage.folder, 'layer');
  mkdirSync(layer);
  const script = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"';
  const init = ['/lib/systemd/systemd', '--unit=basic.target', '--show-status=no'];
  return stage.spawn(
    [
      ...['sh', '-c', script, 'sh', group],
      ...['unshare', ...NAMESPACES, '--fork', '--kill-child'],
      // Neither the kernel nor the clock is this machine's own.
      ...['setpriv', '--bounding-set', '-sys_module,-sys_time,-sys_boot'],
      ...['sh', join(import.meta.dirname, 'machine.sh'), layer, stage.folder, ...init],
    ],
    { env: { NODE: process.execPath, container: 'rarangi', NOTIFY_SOCKET: undefined } },
  );
}

async function reach(stage: Stage, outer: Running): Promise<Machine> {
  const first = await eventually(
    () => 'the first process of a machine',
    () =>
      readFileSync(
        `/proc/${String(outer.pid)}/task/${String(outer.pid)}/children`,
        'utf8',
      ).trim() || undefined,
  );
  const enter = ['nsenter', `--target=${first}`, ...NAMESPACES, '--root', '--'];
  const run = (...words: readonly string[]): Promise<Ended> =>
    stage.spawn([...enter, 'sh', '-c', 'cd / && exec "$@"', 'sh', ...words]).ended;
  await eventually(
    () => 'a machine that is up',
    async () => ((await run('systemctl', 'is-system-running')).code === 0 ? true : undefined),
  );
  return {
    run,
    must: async (text) => {
      const { code, stdout, stderr } = await run('sh', '-ec', text);
      expect({ code, stderr: code === 0 ? '' : `${text}:\n${stdout}${stderr}` }).toEqual({
        code: 0,
        stderr: '',
      });
      return stdout.trimEnd();
    },
  };
}

/** Where this machine has its control groups, of the second version. */
function groupsMount(): string {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const found = mounts.map((line) => line.split(' ')).find(([, , kind]) => kind === 'cgroup2');
  if (found?.[1] === undefined) throw new Error('there are no control groups of version 2 here');
  return found[1];
}

/** Removes a control group with all below it, if no process is left in them. */
function isGone(group: string): boolean {
  try {
    if (!existsSync(group)) return true;
    for (const entry of readdirSync(group, { withFileTypes: true })) {
      if (entry.isDirectory() && !isGone(join(group, entry.name))) return false;
    }
    rmdirSync(group);
    return true;
  } catch {
    // A process is still in it.
    return false;
  }
}

const NAMESPACES = ['--mount', '--net', '--pid', '--uts', '--ipc', '--cgroup'];
