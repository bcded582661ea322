// One change that is told to many: when has each heard of it, and when the last?

/** Takes the time from a change until so many have heard of it. */
export class Telling {
  /** Of every change so far, how long it took to each of them, in milliseconds. */
  readonly each: number[] = [];
  /** Of every change, how long it took until all had heard. */
  readonly all: number[] = [];
  readonly #count: number;
  #sinceMs = 0;
  #left = 0;
  #end = (): void => undefined;

  constructor(count: number) {
    this.#count = count;
  }

  /** One of them has heard. */
  readonly heard = (): void => {
    const tookMs = performance.now() - this.#sinceMs;
    this.each.push(tookMs);
    this.#left -= 1;
    if (this.#left > 0) return;
    this.all.push(tookMs);
    this.#end();
  };

  /** Makes a change; resolves when all have heard. */
  async change(act: () => void): Promise<void> {
    this.#left = this.#count;
    const told = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.#sinceMs = performance.now();
    act();
    await told;
  }
}
