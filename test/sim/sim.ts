// Runs the simulation: `npm run sim -- --seed 7` replays one seed and tells all events in it; `npm
// run sim -- --soak --minutes 60` runs fresh seeds for an hour of this machine's time. With `--hostile`
// every run has hostile neighbours, otherwise a part of the newest kind. The first line printed is the
// command that replays the run. A seed that fails belongs into seeds.txt.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Outcome } from './world/run.ts';
import { simulate, HOSTILE_SEED } from './world/run.ts';

/** Virtual minutes of each seed of a soak. */
const SOAK_MINUTES = 1;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Of virtual time, in which things go wrong; for --soak: of this machine's time. */
    minutes: { type: 'string', default: '1' },
    soak: { type: 'boolean', default: false },
    hostile: { type: 'boolean', default: false },
  },
});
const seed = numberOf('seed', values.seed);
const minutes = numberOf('minutes', values.minutes);
const hostile = values.hostile ? { isHostile: true } : {};
const flag = values.hostile ? ' --hostile' : '';
if (values.soak) soak();
else replay();

function replay(): void {
  say(`npm run sim -- --seed ${String(seed)} --minutes ${String(minutes)}${flag}`);
  const outcome = simulate({ seed, minutes, ...hostile, log: say });
  say(summaryOf(seed, outcome));
  process.exitCode = outcome.violations.length === 0 ? 0 : 1;
}

function soak(): void {
  const endMs = performance.now() + minutes * 60_000;
  // Not by the clock: two that are started together would run the same seeds.
  const first = HOSTILE_SEED + randomInt(2 ** 32);
  say(`npm run sim -- --soak${flag} --minutes ${String(minutes)}, seeds from ${String(first)}`);
  let [runs, faults, failed] = [0, 0, 0];
  while (performance.now() < endMs) {
    const outcome = simulate({ seed: first + runs, minutes: SOAK_MINUTES, ...hostile });
    if (outcome.violations.length > 0) {
      failed += 1;
      say(summaryOf(first + runs, outcome));
    }
    runs += 1;
    faults += outcome.faultsCount;
  }
  say(`${String(runs)} seeds, ${String(faults)} faults, ${String(failed)} seeds failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function summaryOf(of: number, { violations, faultsCount, agreedMs }: Outcome): string {
  const lines = violations.map(({ nowMs, invariant, what }) => {
    return `  at ${(nowMs / 1_000).toFixed(1)} s: ${invariant}\n    ${what}`;
  });
  const agreed = agreedMs === Infinity ? 'never agreed' : `agreed ${String(agreedMs)} ms later`;
  const count = String(violations.length);
  const head = `seed ${String(of)}: ${String(faultsCount)} faults, ${agreed}, ${count} violations`;
  return [head, ...lines].join('\n');
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text !== '' && Number.isFinite(number) && number >= 0) return number;
  throw new RangeError(`--${option} ${text} is no number`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
