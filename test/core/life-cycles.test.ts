// The life cycles of the core are tables; their picture in ARCHITECTURE.md is printed from them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LifeCycle } from '../../src/core/kit/life-cycle.ts';
import { nextOf } from '../../src/core/kit/life-cycle.ts';
import { CONNECTION_PHASES } from '../../src/core/server/links/connections.ts';
import { TARGET_PHASES } from '../../src/core/server/links/targets.ts';
import { STANDINGS } from '../../src/core/server/origins/standings.ts';

/** A line for each state that leads on: where to, and what must happen. */
function picture(name: string, table: LifeCycle): string[] {
  const rows = Object.entries(table).filter(([, row]) => Object.keys(row).length > 0);
  return rows.map(([state, row], index) => {
    const events = new Map<string, string[]>();
    for (const [event, next] of Object.entries(row)) {
      events.set(next, [...(events.get(next) ?? []), event]);
    }
    const ways = [...events].map(([next, by]) => `${by.join(', ')} → ${next}`);
    const owner = index === 0 ? name : '';
    return `  ${owner.padEnd(11)} ${state.padEnd(10)} ${ways.join('   ')}`;
  });
}

/** Of a connection the messages that may arrive in a phase lead on, or do not. */
function phases(): LifeCycle {
  return Object.fromEntries(
    Object.entries(CONNECTION_PHASES).map(([phase, arriving]) => {
      const leading = Object.entries(arriving as Readonly<Record<string, readonly string[]>>);
      return [
        phase,
        Object.fromEntries(
          leading.flatMap(([kind, next]) => (next.length === 0 ? [] : [[kind, next.join(' or ')]])),
        ),
      ];
    }),
  );
}

test('the picture of the life cycles in ARCHITECTURE.md is what the tables say', () => {
  const root = join(import.meta.dirname, '../..');
  const lines = [
    ...picture('origin', STANDINGS),
    ...picture('target', TARGET_PHASES),
    ...picture('connection', phases()),
  ];

  const document = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const shown = document.split('```').find((part) => part.includes('\n  origin '));
  expect(shown?.split('\n').slice(1, -1)).toEqual(lines);
});

test('a transition that no table lists cannot happen', () => {
  expect(nextOf(TARGET_PHASES, 'idle', 'dialled')).toBe('dialling');
  expect(() => nextOf(TARGET_PHASES, 'connected', 'dialled')).toThrow(
    'what follows on dialled when connected is missing',
  );
});
