import { expect, test } from 'vitest';

import { reportTo, SIDECAR_EVENTS, type SidecarEvent } from '../../src/sidecar/events.ts';

test('an event arrives with its level and its sentence filled in', () => {
  const events: SidecarEvent[] = [];

  reportTo((event) => events.push(event))('lost', { server: 'h1-a', reason: 'it stopped' });

  expect(events).toEqual([
    {
      event: 'lost',
      level: SIDECAR_EVENTS.lost.level,
      message: 'lost server h1-a: it stopped',
      fields: { server: 'h1-a', reason: 'it stopped' },
    },
  ]);
});
