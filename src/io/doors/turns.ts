// Work in turns of the event loop: each turn does a bounded part, and the rest waits for the next
// one. The invariant: work is done in the order in which it came. So a hundred requests that arrive
// at once do not keep a message of the protocol waiting that arrived with them.

/** The work of one door. */
export class Turns {
  readonly #share: number;
  readonly #waiting: (() => void)[] = [];
  #done = 0;
  #isArmed = false;

  constructor(share: number) {
    this.#share = share;
  }

  /** Does it now, or later where this turn has had its share. */
  now(work: () => void): void {
    if (this.#done >= this.#share || this.#waiting.length > 0) {
      this.later(work);
      return;
    }
    this.#done += 1;
    this.#arm();
    work();
  }

  /** Does it in the next turn that has room. */
  later(work: () => void): void {
    this.#waiting.push(work);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      this.#turn();
    });
  }

  #turn(): void {
    const due = this.#waiting.splice(0, this.#share);
    this.#done = due.length;
    if (due.length > 0) this.#arm();
    for (const work of due) work();
  }
}
