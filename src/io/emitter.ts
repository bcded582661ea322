// Events for programs that embed the library. The invariant: a listener that throws harms no other
// listener; its error is uncaught like that of any callback. A listener is called on a stack of its
// own, after the step that caused the event is over, so one that calls back finds everything in
// order.

/** Calls listeners, each in its turn. `Events` maps the names of events to their values. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(details: never) => void>>();

  /** Calls the listener at every such event; call the returned function to end that. */
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
 * Calls the listener at once, so that events keep their order. If it throws, the error is thrown
 * afterwards, on a stack of its own.
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
