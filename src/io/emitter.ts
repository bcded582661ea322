// Events for whoever embeds the library. The invariant: a listener that throws harms nobody else, its
// error is uncaught like that of any callback. An emitter's is called on a stack of its own, after
// what it is told of is over, and one that calls back finds everything in order.

/** Calls listeners, each in its turn. `Events` maps names to what is told. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(details: never) => void>>();

  /** Calls the listener at every such event; what is returned ends that. */
  on<E extends keyof Events>(event: E, listener: (details: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  tell<E extends keyof Events>(event: E, details: Events[E]): void {
    const listeners = this.#listeners.get(event) as Set<(details: Events[E]) => void> | undefined;
    for (const listener of listeners ?? []) {
      queueMicrotask(() => {
        if (listeners?.has(listener) === true) listener(details);
      });
    }
  }
}

/**
 * Calls back at once, for what must be told in its order. An error is thrown after that, on a stack
 * of its own.
 */
export function callApart<T>(call: (details: T) => void, details: T): void {
  try {
    call(details);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
