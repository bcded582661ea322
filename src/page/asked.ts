// The questions of the page beside its streams, with answers as JSON. The invariants: one question
// at a time, four in a second at most, however much changes; and a question without an answer is
// shown as such and asked again, because a failure does not mean "nothing".

import { useEffect, useRef, useState } from 'preact/hooks';

/** The latest answer, and whether there could be a newer one. */
export interface Polled<Answer> {
  /** Null until there is one. */
  readonly answer: Answer | null;
  /** When it came, by the clock of this browser. */
  readonly atMs: number;
  /** Why the latest question was not answered; null if it was. */
  readonly fault: string | null;
}

/** What is asked. */
export interface PolledQuestion {
  readonly path: string;
  /** A key that every answer has, and no failure. */
  readonly key: string;
  /** The question is asked again whenever this changes. */
  readonly stamp: string;
}

/** Asks for as long as the component is there. */
export function useAsked<Answer>({ path, key, stamp }: PolledQuestion): Polled<Answer> {
  const [asked, setAsked] = useState<Polled<Answer>>({ answer: null, atMs: 0, fault: null });
  const asking = useRef<Asking | null>(null);
  useEffect(() => {
    const own = new Asking(path, (body) => {
      const isAnswer = key in body;
      if (isAnswer) setAsked({ answer: body as Answer, atMs: Date.now(), fault: null });
      else setAsked((before) => ({ ...before, fault: faultOf(body) }));
      return isAnswer;
    });
    asking.current = own;
    return () => {
      own.close();
    };
  }, [path, key]);
  useEffect(() => {
    asking.current?.ask();
  }, [path, key, stamp]);
  return asked;
}

/** Takes a response; returns whether it was an answer. */
type Take = (body: object) => boolean;

/** One question, asked again and again. */
class Asking {
  readonly #path: string;
  readonly #take: Take;
  #isOver = false;
  #isBusy = false;
  #isDue = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(path: string, take: Take) {
    this.#path = path;
    this.#take = take;
  }

  /** Asks now, or as soon as it may. */
  ask(): void {
    this.#isDue = true;
    if (!this.#isBusy) void this.#run();
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    while (this.#isDue && !this.#isOver) {
      this.#isDue = false;
      const rest = pause(ASK_MS);
      this.#taken(await bodyAt(this.#path));
      await rest;
    }
    this.#isBusy = false;
  }

  #taken(body: object): void {
    if (this.#isOver) return;
    clearTimeout(this.#retry);
    if (this.#take(body)) return;
    this.#retry = setTimeout(() => {
      this.ask();
    }, RETRY_MS);
  }
}

/** The answer of a server, its own failures included. */
async function bodyAt(path: string): Promise<object> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return (await response.json()) as object;
  } catch {
    // No server, no network, no JSON, or no time left: the reader can do the same about each.
    return NO_ANSWER;
  }
}

function faultOf({ error }: { readonly error?: { readonly message: string } }): string {
  return error?.message ?? 'the answer of the server has no such field';
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

const NO_ANSWER = { error: { message: 'the server does not answer' } };

/** As often as the feed sends news. */
const ASK_MS = 250;
const RETRY_MS = 2_000;
const ANSWER_MS_MAX = 5_000;
