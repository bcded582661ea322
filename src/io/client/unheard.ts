// Tells the caller of a watch why no server is heard. The invariant: each reason is told once until a
// server is heard again, however often the watch tries; and that only if a reason was told.

import type { Unheard } from '../../core/client/watcher.ts';
import type { RarangiError } from '../rarangi-error.ts';
import { unheardError } from './failures.ts';
import type { ClientOptions } from './options.ts';

/** What one watch tells its caller. */
export class UnheardTeller {
  readonly #options: ClientOptions;
  readonly #tell: (error: RarangiError | null) => void;
  readonly #told = new Set<string>();
  #last: Unheard | null = null;

  constructor(options: ClientOptions, tell: (error: RarangiError | null) => void) {
    this.#options = options;
    this.#tell = tell;
  }

  /** Takes the present state of the watch. */
  look(unheard: Unheard | null): void {
    if (unheard === this.#last) return;
    this.#last = unheard;
    if (unheard === null) {
      this.#told.clear();
      this.#tell(null);
      return;
    }
    const key = JSON.stringify(unheard);
    if (this.#told.has(key) || this.#told.size >= REASONS_MAX) return;
    this.#told.add(key);
    void unheardError(this.#options, unheard).then((error) => {
      if (this.#last !== null) this.#tell(error);
    });
  }
}

/** Reasons that come and go in turn would be told without end. */
const REASONS_MAX = 16;
