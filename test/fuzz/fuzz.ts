// Runs the fuzzers: `npm run fuzz -- --minutes 60`. The first line printed is the command that
// replays the run. It fails when a finding was made; each is printed with the input that made it,
// and belongs into a test of its own.

import { parseArgs } from 'node:util';
import { codecTarget, frameTarget } from './bytes-targets.ts';
import { Chance } from './chance.ts';
import { clientTarget } from './client-target.ts';
import { dnsTarget } from './dns-target.ts';
import { serverTarget } from './server-target.ts';
import { Campaign } from './target.ts';

/** Targets take turns. */
const TURN_MS = 200;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    /** Of this machine's time, shared by all targets. */
    minutes: { type: 'string', default: '1' },
    /** Only this one. */
    target: { type: 'string' },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
if (!Number.isInteger(seed) || !(minutes > 0)) throw new RangeError('--seed N --minutes M');

const targets = [frameTarget, codecTarget, serverTarget, clientTarget, dnsTarget] as const;
const chosen = targets.filter(({ name }) => (values.target ?? name) === name);
const [first] = chosen;
if (first === undefined) {
  throw new RangeError(`--target is one of: ${targets.map(({ name }) => name).join(', ')}`);
}
say(`npm run fuzz -- --seed ${String(seed)} --minutes ${String(minutes)}`);
const campaigns = chosen.map((target) => new Campaign<never>(target as never));
const chance = new Chance(seed);
const endMs = performance.now() + minutes * 60_000;
const reportMs = Math.max(10_000, (endMs - performance.now()) / 20);
let toldMs = performance.now();
while (performance.now() < endMs) {
  for (const campaign of campaigns) {
    const untilMs = performance.now() + TURN_MS;
    while (performance.now() < untilMs) campaign.run(20, chance);
  }
  if (performance.now() - toldMs < reportMs) continue;
  toldMs = performance.now();
  tell();
}
tell();
for (const { target, tally } of campaigns) {
  for (const { input, error } of tally.findings) say(`\n${target.name}: ${error}\n${input}`);
}
process.exitCode = campaigns.some(({ tally }) => tally.findings.length > 0) ? 1 : 0;

function tell(): void {
  const lines = campaigns.map(({ target, tally: { executions, kept, findings } }) => {
    const counts = `${String(executions)} run, ${String(kept)} kept`;
    return `${target.name}: ${counts}, ${String(findings.length)} findings`;
  });
  say(lines.join('; '));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
