// Memory given back at rest: when it is time, by figures; and that V8 is
// asked for it, in this very process.

import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { expect, test } from 'vitest';

import { giveBackAtRest, SpareMemory } from '../../../src/cli/start/spare-memory.ts';
import { eventually } from '../../support/conditions.ts';

const MB = 1e6;

test('a heap that has grown is collected at rest', () => {
  const spare = new SpareMemory(10 * MB);

  expect(spare.isTime({ busyShare: 0.01, committedBytes: 17 * MB })).toBe(false);
  expect(spare.isTime({ busyShare: 0.01, committedBytes: 18 * MB })).toBe(true);
});

test('nothing is collected while there is work, but after it', () => {
  const spare = new SpareMemory(10 * MB);

  expect(spare.isTime({ busyShare: 0.05, committedBytes: 100 * MB })).toBe(false);
  expect(spare.isTime({ busyShare: 0.04, committedBytes: 100 * MB })).toBe(true);
});

test('while much of the heap is spare it is collected again, four times at most', () => {
  const spare = new SpareMemory(10 * MB);
  const look = { busyShare: 0, committedBytes: 100 * MB };
  const collections = [1, 2, 3, 4, 5, 6].filter(() => {
    const isTime = spare.isTime(look);
    if (isTime) spare.noteCollected({ committedBytes: 100 * MB, usedBytes: 50 * MB });
    return isTime;
  });

  expect(collections).toHaveLength(4);
});

test('memory in use cannot be given back', () => {
  const spare = new SpareMemory(10 * MB);

  expect(spare.isTime({ busyShare: 0, committedBytes: 100 * MB })).toBe(true);
  spare.noteCollected({ committedBytes: 100 * MB, usedBytes: 93 * MB });

  expect(spare.isTime({ busyShare: 0, committedBytes: 107 * MB })).toBe(false);
  expect(spare.isTime({ busyShare: 0, committedBytes: 108 * MB })).toBe(true);
});

test('a heap that has grown is collected when nothing happens', async () => {
  using collections = forcedCollections();
  using until = endOfTest();
  giveBackAtRest(until.signal, 50);

  const grown = chain(200_000);

  await eventually(
    () => 'nothing was collected',
    () => collections.count > 0 || undefined,
  );
  expect(grown.id).toBe('link 199999');
});

interface Link {
  readonly id: string;
  readonly next: Link | null;
}

/** More than is given back for. */
function chain(count: number): Link {
  let link: Link = { id: 'link 0', next: null };
  for (let index = 1; index < count; index += 1) {
    link = { id: `link ${String(index)}`, next: link };
  }
  return link;
}

type Collection = PerformanceEntry & {
  readonly detail: { readonly kind: number; readonly flags: number };
};

/** Counts collections that somebody asked for, and not those of V8. */
function forcedCollections(): Disposable & { readonly count: number } {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = (entry as Collection).detail;
      const isForced = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      if (isForced && kind === constants.NODE_PERFORMANCE_GC_MAJOR) count += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => {
      observer.disconnect();
    },
  };
}

function endOfTest(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      controller.abort();
    },
  };
}
