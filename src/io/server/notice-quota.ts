// How many notices of one kind one address or one session may cause: a client that knocks again and
// again, or registers and deregisters in turn, must not bury what an operator has to see. The
// invariant: in every minute each has its first lines of a kind; the others are counted, by
// address, in one more line when the minute ends. core/notices.ts says which notices are rationed.

import { AgingMap } from '../../core/kit/aging.ts';
import type { Notice, NoticeCause, NoticeName, Rationed } from '../../core/notices.ts';
import { rationedBy } from '../../core/notices.ts';

/** What was left out, told when its minute ends. */
export type LeftOut = Notice & { readonly name: 'left-out' };

/** Counts the notices that others cause. Times are milliseconds of one clock. */
export class NoticeQuota {
  readonly #ofAddresses = new Minutes(ADDRESSES_MAX, 'other addresses');
  readonly #ofSessions = new Minutes(SESSIONS_MAX, 'other sessions');

  /** Counts a notice; says whether it is to be told. */
  admit(notice: Notice, nowMs: number, cause?: NoticeCause): boolean {
    const { name } = notice;
    const rationed = rationedBy(name);
    if (rationed === undefined) return true;
    const address = cause?.remote ?? addressOf(notice);
    const ofAddress = this.#ofAddresses.take({ name, who: hostOf(address) }, nowMs);
    // Only addresses and sessions with told lines have a minute of their own: so addresses bound
    // the memory for sessions.
    const hasRoom = ofAddress.told < LINES_OF_ADDRESS[rationed];
    const own = hasRoom && cause !== undefined ? this.#sessionOf(name, cause, nowMs) : null;
    if (!hasRoom || (own !== null && own.told >= LINES_OF_SESSION)) {
      ofAddress.leftOut += 1;
      return false;
    }
    ofAddress.told += 1;
    if (own !== null) own.told += 1;
    return true;
  }

  /** When the next minute ends; Infinity for never. */
  nextMs(): number {
    return Math.min(this.#ofAddresses.nextMs(), this.#ofSessions.nextMs());
  }

  /** Ends the minutes that are over by then: what was left out in each. */
  settle(nowMs: number): LeftOut[] {
    this.#ofSessions.end(nowMs);
    return this.#ofAddresses
      .end(nowMs)
      .flatMap(({ name: notice, who: address, leftOut: times }) => {
        return times > 0 ? { name: 'left-out', fields: { notice, address, times } } : [];
      });
  }

  #sessionOf(name: NoticeName, { id }: NoticeCause, nowMs: number): Minute {
    return this.#ofSessions.take({ name, who: String(id) }, nowMs);
  }
}

/** Who caused what. */
interface Causing {
  readonly name: NoticeName;
  readonly who: string;
}

interface Minute extends Causing {
  readonly endMs: number;
  told: number;
  leftOut: number;
}

/** The minutes that have begun: of so many by themselves, of all others as of one. */
class Minutes {
  readonly #max: number;
  readonly #others: string;
  /** The first to begin is the first to end. */
  readonly #minutes = new AgingMap<string, Minute>();

  constructor(max: number, others: string) {
    this.#max = max;
    this.#others = others;
  }

  /** The minute that has begun for someone, or that begins now. */
  take({ name, who }: Causing, nowMs: number): Minute {
    const own = this.#minutes.get(`${name} ${who}`);
    if (own !== undefined) return own;
    const known = this.#minutes.size < this.#max ? who : this.#others;
    const key = `${name} ${known}`;
    const begun = { endMs: nowMs + MINUTE_MS, name, who: known, told: 0, leftOut: 0 };
    const minute = this.#minutes.get(key) ?? begun;
    this.#minutes.set(key, minute);
    return minute;
  }

  nextMs(): number {
    const [first] = this.#minutes.values();
    return first?.endMs ?? Infinity;
  }

  /** Forgets those that are over by then. */
  end(nowMs: number): Minute[] {
    const over: Minute[] = [];
    this.#minutes.dropOldest((minute) => {
      const isOver = nowMs >= minute.endMs;
      if (isOver) over.push(minute);
      return isOver;
    });
    return over;
  }
}

/** What is rationed by its address has one. */
function addressOf({ fields }: Notice): string {
  return 'address' in fields ? String(fields.address) : 'no address';
}

/** Without the port; the path of a socket has none. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** Enough to see what a stranger tries; a stranger that comes only once is always logged. */
export const LINES_A_MINUTE = 10;

/** A process offers a few services, a gateway more: its first registrations are told. */
export const LINES_OF_SESSION = 30;

/** What one address may cause; all that come by the UNIX socket are one. */
export const LINES_OF_ADDRESS: Readonly<Record<Rationed, number>> = {
  address: LINES_A_MINUTE,
  session: 3_000,
};

const MINUTE_MS = 60_000;

/** If more addresses than these are busy at once, the rest counts as one. */
export const ADDRESSES_MAX = 1_024;

/** More than may be connected at once. */
export const SESSIONS_MAX = 16_384;
