// The tables of timers beside the code that sets them: the compiler refuses a name that is not in
// a table, this a row that nothing sets.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TIMERS as CLIENT_TIMERS } from '../../src/core/client/timers.ts';
import { Timers } from '../../src/core/kit/timers.ts';
import { cancelTimersOf, type ServerTimers, TIMERS } from '../../src/core/server/timers.ts';

test.each([
  ['server', TIMERS],
  ['client', CLIENT_TIMERS],
])('every timer of a %s is set somewhere', (half, table) => {
  const set = new Set(sourcesOf(half).flatMap(namesSetIn));

  expect([...set].toSorted()).toEqual(Object.keys(table).toSorted());
});

test('an owner that goes takes its timers along, and no others', () => {
  const timers: ServerTimers = new Timers();
  for (const name of ['grace 1', 'hold 1', 'grace 2', 'beat 1', 'flush', 'departed 1'] as const) {
    timers.set(name, 1, () => undefined);
  }

  cancelTimersOf(timers, 'origin', '1');

  const left = (['grace 1', 'hold 1'] as const).filter((name) => timers.has(name));
  const kept = (['grace 2', 'beat 1', 'flush', 'departed 1'] as const).filter((name) =>
    timers.has(name),
  );
  expect(left).toEqual([]);
  expect(kept).toHaveLength(4);
});

function sourcesOf(half: string): string[] {
  const folder = join(import.meta.dirname, '../../src/core', half);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}

/** The names of what is set there; a constant or a function stands for the name that it has. */
function namesSetIn(text: string): string[] {
  return [...text.matchAll(/timers\.set(?:Earlier)?\(\s*([`'][^`']*|\w+)/g)].map(
    ([, first = '']) => {
      const quoted = /^\w/.test(first) ? (definitionOf(text, first) ?? first) : first;
      return quoted.slice(1).replace(/ ?\$\{.*$/, '');
    },
  );
}

function definitionOf(text: string, name: string): string | undefined {
  const pattern = new RegExp(
    String.raw`(?:const ${name} = |function ${name}\([^{]*(?:\{string\}[^{]*)?\{\s*return )(\`[^\`]*)`,
  );
  return pattern.exec(text)?.[1];
}
