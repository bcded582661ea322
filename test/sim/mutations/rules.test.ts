// The table of rules is true: each rule has a bug that takes it away, or a test; all of those exist,
// and there is no bug that no rule asks for. (What clients are told, section 6, is in no table.)

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutations as doubt } from './doubt.ts';
import { mutations as news } from './news.ts';
import { mutations as proof } from './proof.ts';
import { mutations as reachability } from './reachability.ts';
import { mutations as replication } from './replication.ts';
import { mutations as sleep } from './sleep.ts';
import { LINKS, REACHABILITY, REPLICATION } from './rules.ts';

const core = join(import.meta.dirname, '../../core');
const tests = readdirSync(core, { recursive: true, encoding: 'utf8' });
const rules = [...REPLICATION, ...LINKS, ...REACHABILITY];
const planted = [doubt, news, proof, reachability, replication, sleep].flat().map(([name]) => name);

test('every rule has a planted bug or a test', () => {
  const bare = rules.filter(([, bugs, tests = []]) => bugs.length + tests.length === 0);

  expect(bare).toEqual([]);
});

test('the table names every planted bug, and no other', () => {
  const named = new Set(rules.flatMap(([, bugs]) => bugs));

  expect([...named].sort()).toEqual([...planted].sort());
});

test('the tests of the core that the table names exist', () => {
  const lost = rules
    .flatMap(([, , tests = []]) => tests)
    .filter(([file, name]) => {
      const path = tests.find((each) => each.endsWith(`/${file}.test.ts`)) ?? '';
      return !readFileSync(join(core, path), 'utf8').includes(`test('${name}`);
    });

  expect(lost).toEqual([]);
});
