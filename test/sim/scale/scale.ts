// How large a world the core carries: `npm run sim:scale -- --hosts 200`. Prints what each phase
// costs; the first line is the command that repeats the run. Common records of the servers are kept
// once (log.ts), and only one server of each cluster keeps a catalogue, which is compared with what
// the services hold at the end of each phase; the others' logs are compared by sequence.

import { parseArgs } from 'node:util';
import type { Account, Figures } from './phases.ts';
import {
  ascending,
  change,
  coldStart,
  heal,
  loseMaster,
  medianOf,
  rollingRestart,
  split,
} from './phases.ts';
import { ScaleWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '200' },
    instances: { type: 'string' },
    clusters: { type: 'string', default: '10' },
    masters: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    /** Only so many of the phases. */
    phases: { type: 'string', default: '6' },
    /** What is sent, by kind of message. */
    kinds: { type: 'boolean', default: false },
  },
});
const hosts = Number(values.hosts);
const size = {
  hosts,
  clusters: Number(values.clusters),
  masters: Number(values.masters),
  instances: Number(values.instances ?? 20 * hosts),
};
const command = Object.entries(size).map(([name, value]) => `--${name} ${String(value)}`);
say(`npm run sim:scale -- ${command.join(' ')} --seed ${values.seed}`);
const world = new ScaleWorld(Number(values.seed), size);
const phases = [
  () => coldStart(world),
  () => change(world, 10),
  () => rollingRestart(world, world.hosts.filter(({ cluster }) => cluster === 'c1').slice(0, 10)),
  () => loseMaster(world),
  () => split(world),
  () => heal(world),
];
for (const phase of phases.slice(0, Number(values.phases))) tell(phase());

function tell(figures: Figures): void {
  const { phase, agreedMs, completeMs, coveredMs, wallMs, remarks, bytesByKind } = figures;
  const heapMb = process.memoryUsage().heapUsed / 1e6;
  say(
    `${phase}: agreed after ${agreedMs.toFixed(0)} ms, complete after ${completeMs.toFixed(0)} ms; ` +
      `${(coveredMs / 1_000).toFixed(1)} s took ${(wallMs / 1_000).toFixed(1)} s, ` +
      `heap ${heapMb.toFixed(0)} MB`,
  );
  say(
    [
      spread(figures, 'messages in', ({ messages }) => messages),
      spread(figures, 'kB in', ({ bytesIn }) => bytesIn / 1e3),
      spread(figures, 'kB out', ({ bytesOut }) => bytesOut / 1e3),
      spread(figures, 'CPU ms', ({ busyMs }) => busyMs),
    ].join('; '),
  );
  for (const [name, value] of Object.entries(remarks)) say(`  ${name}: ${rounded(value)}`);
  if (!values.kinds) return;
  for (const [kind, bytes] of bytesByKind) say(`  ${kind}: ${(bytes / 1e6).toFixed(1)} MB in all`);
}

function spread({ accounts }: Figures, what: string, of: (account: Account) => number): string {
  const sorted = accounts.map(of).sort(ascending);
  return `  ${what} ${rounded(medianOf(sorted))} (most ${rounded(sorted.at(-1) ?? 0)})`;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
