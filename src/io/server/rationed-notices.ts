// Tells an operator of notices as they come, but not of each in a flood that others cause. The
// invariant: a line counts what is left out, at the latest when the server stops.

import type { Notice, NoticeCause } from '../../core/notices.ts';
import { NoticeQuota } from './notice-quota.ts';
import type { Cancel, Runtime } from '../machine/runtime.ts';

/** The receiver of notices, and the clock that counts minutes. */
export interface RationedNoticesOptions {
  readonly onNotice: (notice: Notice) => void;
  readonly runtime: Pick<Runtime, 'nowMs' | 'setAlarm'>;
}

/** The notices of one server. */
export class RationedNotices {
  readonly #options: RationedNoticesOptions;
  readonly #quota = new NoticeQuota();
  #alarm: Cancel | null = null;

  constructor(options: RationedNoticesOptions) {
    this.#options = options;
  }

  /** `cause`: the session that caused it. */
  tell(notice: Notice, cause?: NoticeCause): void {
    const { onNotice, runtime } = this.#options;
    if (this.#quota.admit(notice, runtime.nowMs(), cause)) onNotice(notice);
    this.#arm();
  }

  /** Tells at once what was left out until now. */
  end(): void {
    this.#alarm?.();
    this.#alarm = null;
    this.#settle(Infinity);
  }

  #settle(nowMs: number): void {
    for (const notice of this.#quota.settle(nowMs)) this.#options.onNotice(notice);
  }

  #arm(): void {
    const atMs = this.#quota.nextMs();
    if (this.#alarm !== null || atMs === Infinity) return;
    const { runtime } = this.#options;
    this.#alarm = runtime.setAlarm(atMs, () => {
      this.#alarm = null;
      this.#settle(runtime.nowMs());
      this.#arm();
    });
  }
}
