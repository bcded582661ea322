// Runs the fuzzers: `npm run fuzz -- --minutes 60`, or `-- --target dns --times 10000000`. The first
// line printed is the command that replays the run. It says now and then how many inputs there were,
// and how much memory lives. It fails when a finding was made; each is printed with the input that
// made it, and belongs into a test of its own.

import { parseArgs } from 'node:util';
import { codecTarget, frameTarget } from './bytes-targets.ts';
import { Chance } from './chance.ts';
import { clientTarget } from './client-target.ts';
import { dnsTarget } from './dns-target.ts';
import { neighbourTarget } from './neighbour-target.ts';
import { serverTarget } from './server-target.ts';
import { Campaign } from './target.ts';

/** Targets take turns. */
const TURN_MS = 200;

const REPORT_MS_MAX = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    /** Of this machine's time, shared by all targets. */
    minutes: { type: 'string' },
    /** So many inputs for each target, instead of minutes. */
    times: { type: 'string' },
    /** Only this one. */
    target: { type: 'string' },
  },
});
const seed = Number(values.seed);
const times = Number(values.times ?? Infinity);
const minutes = Number(values.minutes ?? (values.times === undefined ? 1 : Infinity));
if (!Number.isInteger(seed) || !(minutes > 0) || !(times > 0)) {
  throw new RangeError('--seed N --minutes M --times T');
}

const targets = [
  ...([frameTarget, codecTarget, serverTarget] as const),
  ...([neighbourTarget(), clientTarget, dnsTarget] as const),
] as const;
const chosen = targets.filter(({ name }) => (values.target ?? name) === name);
const [first] = chosen;
if (first === undefined) {
  throw new RangeError(`--target is one of: ${targets.map(({ name }) => name).join(', ')}`);
}
const bound = Number.isFinite(times) ? `--times ${String(times)}` : `--minutes ${String(minutes)}`;
const only = values.target === undefined ? '' : ` --target ${values.target}`;
say(`npm run fuzz -- --seed ${String(seed)} ${bound}${only}`);
const campaigns = chosen.map((target) => new Campaign<never>(target as never));
const chance = new Chance(seed);
const endMs = performance.now() + minutes * 60_000;
const reportMs = Math.min(Math.max(10_000, (endMs - performance.now()) / 20), REPORT_MS_MAX);
let toldMs = performance.now();
while (performance.now() < endMs && !campaigns.every(isOver)) {
  for (const campaign of campaigns) {
    const untilMs = performance.now() + TURN_MS;
    while (performance.now() < untilMs && !isOver(campaign)) campaign.run(20, chance);
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

function isOver({ tally }: Campaign<never>): boolean {
  return tally.executions >= times;
}

function tell(): void {
  const lines = campaigns.map(({ target, tally: { executions, kept, findings } }) => {
    const counts = `${String(executions)} run, ${String(kept)} kept`;
    return `${target.name}: ${counts}, ${String(findings.length)} findings`;
  });
  say(`${lines.join('; ')}; ${memoryText()}`);
}

/** What lives, where all else can be swept away first; what the process has of the system besides. */
function memoryText(): string {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const [living, resident] = [heapUsed + external, rss].map((bytes) => (bytes / 1e6).toFixed(1));
  return `${String(living)} MB live, ${String(resident)} MB resident`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
