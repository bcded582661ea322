// A tenth of the planted bugs, another tenth each day, and what can be checked of all of them at
// once: each finds its place in the code, and each rule of docs/rules.md is guarded. All of them run
// in `npm run test:soak`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { todaysTenth } from '../../support/tenth.ts';
import { allMutations } from './all.ts';
import { changedSources } from './mutant.ts';
import { testMutations } from './mutations.ts';

testMutations(todaysTenth('planted bugs', allMutations));

test('every planted bug finds its place in the code', () => {
  const lost = allMutations.flatMap(([rule, , ...edits]) => {
    try {
      changedSources(edits);
      return [];
    } catch (error) {
      return [`${rule}: ${String(error)}`];
    }
  });

  expect(lost).toEqual([]);
});

test('every rule has a planted bug or a test of the core, and every number is a rule', () => {
  const root = join(import.meta.dirname, '../../..');
  const core = join(root, 'test/core');
  const titles = readdirSync(core, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => readFileSync(join(core, name), 'utf8').match(/^\s*test\('.*/gm) ?? []);
  const guards = [...allMutations.map(([rule]) => rule), ...titles].join('\n');
  const rules = readFileSync(join(root, 'docs/rules.md'), 'utf8').match(/(?<=^- \*\*)R\d+/gm) ?? [];

  expect(rules).toEqual([...new Set(rules)]);
  expect(new Set(guards.match(/(?<=\[)R\d+(?=\])/g))).toEqual(new Set(rules));
});

test('every failure of an earlier version has a story', () => {
  const root = join(import.meta.dirname, '../../..');
  const stories = readFileSync(join(root, 'test/sim/scenarios.test.ts'), 'utf8');
  const known = readFileSync(join(root, 'docs/rules.md'), 'utf8').match(/(?<=^- \*\*)F\d+/gm) ?? [];

  expect(new Set(stories.match(/(?<=\[)F\d+(?=\])/g))).toEqual(new Set(known));
});
