// The dials of a driver that are not answered yet. One invariant: each comes to one input, unless
// all are cancelled: `opened` with its address, or `undialled`.

import type { ConnectionInput } from '../../core/client/effect.ts';
import type { Cancel, Channel, ConnectionHandlers, Runtime } from './runtime.ts';

/** What dials need of their driver. */
interface DialsOptions {
  readonly runtime: Pick<Runtime, 'nowMs' | 'dial'>;
  readonly open: (connection: Channel, address: string) => ConnectionHandlers;
  readonly submit: (input: ConnectionInput) => void;
}

/** Dials under way. */
export class Dials {
  readonly #options: DialsOptions;
  /** What takes each back, with its address. */
  readonly #cancels = new Map<Cancel, string>();

  constructor(options: DialsOptions) {
    this.#options = options;
  }

  /** What is dialled. */
  addresses(): Iterable<string> {
    return this.#cancels.values();
  }

  dial(address: string): void {
    const { runtime, open, submit } = this.#options;
    const undialled = (reason: string, more: { isDeserted?: boolean; isRefusal?: true }): void => {
      this.#cancels.delete(cancel);
      submit({ kind: 'undialled', nowMs: runtime.nowMs(), address, reason, ...more });
    };
    const cancel = runtime.dial(address, {
      opened: (connection) => {
        this.#cancels.delete(cancel);
        return open(connection, address);
      },
      failed: (reason, isDeserted = false) => {
        undialled(reason, { isDeserted });
      },
      refused: (reason) => {
        undialled(reason, { isRefusal: true });
      },
    });
    this.#cancels.set(cancel, address);
  }

  cancelAll(): void {
    for (const cancel of this.#cancels.keys()) cancel();
    this.#cancels.clear();
  }
}
