// What is kept of answers: never older than what it rests on, within its bounds, in many orders.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Basis } from '../../../src/doors/http/kept.ts';
import { KeptAnswers } from '../../../src/doors/http/kept.ts';

interface Made {
  readonly bytes: number;
  readonly text: string;
}

const VIEW = { complete: true, missing: [], missingCount: 0 };

/** Answers in the orders of a made-up lot; time goes by as told. */
function keptOf(): { kept: KeptAnswers<Made>; clock: { ms: number } } {
  const clock = { ms: 0 };
  let lot = 0;
  const random = (): number => {
    lot = (lot + 7) % 32;
    return lot / 32;
  };
  return { kept: new KeptAnswers<Made>({ random, nowMs: () => clock.ms }), clock };
}

function basisOf(rows: number, view: Basis['view'] = VIEW): Basis {
  return { rows: Array.from({ length: rows }, (_, index) => ({ index })), view };
}

function made(text: string, bytes = 100): Made {
  return { text, bytes };
}

test('an answer is given again while the stamp is the same, and only then', () => {
  const { kept } = keptOf();
  const basis = basisOf(1);
  kept.keep('/a', basis, made('one'));
  expect(kept.again('/a', 5)).toBe(null);

  expect(kept.confirmed('/a', basis, 5)?.text).toBe('one');
  expect(kept.again('/a', 5)?.text).toBe('one');
  expect([kept.again('/a', 6), kept.again('/a', null), kept.again('/b', 5)]).toEqual([
    null,
    null,
    null,
  ]);
  expect(kept.confirmed('/a', { ...basis, view: { ...VIEW } }, 6)?.text).toBe('one');
  expect(kept.again('/a', 6)?.text).toBe('one');
});

test.each([
  ['another list, though it is equal', { rows: basisOf(1).rows }],
  ['a view that is not complete', { view: { ...VIEW, complete: false, why: 'split' } }],
  ['another host that is missing', { view: { ...VIEW, missing: ['h4'] } }],
  ['another number of missing hosts', { view: { ...VIEW, missingCount: 9 } }],
])('what rests on %s is another answer', (_, other) => {
  const { kept } = keptOf();
  const basis = basisOf(1, { ...VIEW, missing: ['h3'] });
  kept.keep('/a', basis, made('one'));

  expect(kept.confirmed('/a', { ...basis, ...other }, 1)).toBe(null);
});

test('of several instances many orders are given, each of them again and again', () => {
  const { kept, clock } = keptOf();
  const basis = basisOf(3);
  let number = 0;
  const given = new Map<string, number>();
  for (let times = 0; times < 20_000; times += 1) {
    clock.ms += 0.1;
    const ready = kept.again('/a', 1) ?? kept.confirmed('/a', basis, 1);
    if (ready === null) {
      number += 1;
      kept.keep('/a', basis, made(`order ${String(number)}`));
    } else given.set(ready.text, (given.get(ready.text) ?? 0) + 1);
  }

  // 32 at first, and then one in 30 ms.
  expect(number).toBeGreaterThan(60);
  expect(number).toBeLessThan(32 + 2_000 / 30 + 1);
  expect(Math.max(...given.values())).toBeLessThan(2_000);
});

test('the number of kept answers has its bound, whatever is asked for', () => {
  const { kept } = keptOf();
  for (let number = 0; number < 5_000; number += 1) {
    kept.keep(`/${String(number)}`, basisOf(1), made('one', 10_000));
    expect(kept.bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  }
  const before = kept.bytes;
  kept.keep(`/${'x'.repeat(600)}`, basisOf(1), made('one'));
  kept.keep('/large', basisOf(500), made('one', 200_000));

  expect(kept.bytes).toBe(before);
});

/** A world of four services, which knows the right answer to each question. */
class World {
  readonly #kept = keptOf();
  readonly #rows = [0, 1, 2, 3].map((url) => basisOf(url + 1).rows);
  readonly #texts = ['0', '1', '2', '3'];
  #view: Basis['view'] = VIEW;
  #changes = 0;

  changeRows(url: number): void {
    this.#rows[url] = basisOf(url + 1).rows;
    this.#change(url);
  }

  changeView(): void {
    this.#view = { ...VIEW, missingCount: this.#changes + 1 };
    for (const url of this.#texts.keys()) this.#change(url);
  }

  /** What is answered, and what is right. */
  ask(url: number): readonly [string, string] {
    const { kept, clock } = this.#kept;
    clock.ms += 1;
    const question = `/${String(url)}`;
    const basis = { rows: this.#rows[url] ?? [], view: this.#view };
    const right = this.#texts[url] ?? '';
    const ready =
      kept.again(question, this.#changes) ?? kept.confirmed(question, basis, this.#changes);
    if (ready !== null) return [ready.text, right];
    kept.keep(question, basis, made(right));
    return [right, right];
  }

  #change(url: number): void {
    this.#changes += 1;
    this.#texts[url] = `${String(url)} ${String(this.#changes)}`;
  }
}

test('no answer is older than what it rests on, whatever changes between questions', () => {
  const act = fc.oneof(
    { weight: 40, arbitrary: fc.record({ kind: fc.constant('ask' as const), url: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rows' as const), url: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('view' as const), url: fc.nat(3) }) },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 800, size: 'max' }), (acts) => {
      const world = new World();
      for (const { kind, url } of acts) {
        if (kind === 'rows') world.changeRows(url);
        else if (kind === 'view') world.changeView();
        else {
          const [given, right] = world.ask(url);
          expect(given).toBe(right);
        }
      }
    }),
  );
});
