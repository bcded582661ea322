// How many notices of one kind one address may cause: whoever knocks again and again must not bury
// what an operator has to see. The invariant: in every minute each address has its first lines of a
// kind, and what is left out is counted in one more line when the minute ends.

import type { Notice, NoticeName } from '../../core/notices.ts';

/** What was left out, told when its minute ends. */
export type LeftOut = Notice & { readonly name: 'left-out' };

interface Minute {
  readonly endMs: number;
  readonly name: NoticeName;
  readonly address: string;
  count: number;
}

/** Counts the notices that strangers cause. Times are milliseconds of one clock. */
export class NoticeQuota {
  /** The first to begin is the first to end. */
  readonly #minutes = new Map<string, Minute>();

  /** Counts a notice; says whether it is to be told. */
  admit({ name, fields }: Notice, nowMs: number): boolean {
    if (!RATIONED.has(name)) return true;
    const minute = this.#minuteOf(name, hostOf(String(fields['address'])), nowMs);
    minute.count += 1;
    return minute.count <= LINES_A_MINUTE;
  }

  /** When the next minute ends; Infinity for never. */
  nextMs(): number {
    const [first] = this.#minutes.values();
    return first?.endMs ?? Infinity;
  }

  /** Ends the minutes that are over by then: what was left out in each. */
  settle(nowMs: number): LeftOut[] {
    const told: LeftOut[] = [];
    for (const [key, { endMs, name, address, count }] of this.#minutes) {
      if (nowMs < endMs) break;
      this.#minutes.delete(key);
      const times = count - LINES_A_MINUTE;
      if (times > 0) told.push({ name: 'left-out', fields: { notice: name, address, times } });
    }
    return told;
  }

  #minuteOf(name: NoticeName, host: string, nowMs: number): Minute {
    const own = this.#minutes.get(`${name} ${host}`);
    if (own !== undefined) return own;
    const address = this.#minutes.size < ADDRESSES_MAX ? host : OTHERS;
    const key = `${name} ${address}`;
    const minute = this.#minutes.get(key) ?? { endMs: nowMs + MINUTE_MS, name, address, count: 0 };
    this.#minutes.set(key, minute);
    return minute;
  }
}

/** Without the port; the path of a socket has none. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** What a stranger can cause as often as it connects. */
const RATIONED: ReadonlySet<NoticeName> = new Set<NoticeName>([
  'refused-stranger',
  'refused-environment',
  'protocol-breach',
]);

/** Enough to see what someone tries; a stranger that comes once is told of each time. */
export const LINES_A_MINUTE = 10;

const MINUTE_MS = 60_000;

/** Who has more addresses than these, all of them at once, has the rest counted as one. */
export const ADDRESSES_MAX = 1_024;
const OTHERS = 'other addresses';
