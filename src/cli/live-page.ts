// A page that is asked for again and again: `peers --watch`, `status --watch`. On a terminal it is
// redrawn in place until `q`, as top(1) does; elsewhere a page comes whenever something has changed,
// and with --json a line. The invariant: an error that time may mend is shown and the question
// asked again; any other error ends the page.

import { setTimeout as delay } from 'node:timers/promises';

import { RarangiError } from '../index.ts';
import { durationText } from './durations.ts';
import { type Failure, failureOf, showFailure } from './failure.ts';
import { openQuitKey } from './keyboard.ts';
import { isTerminal, screenOf, streamOf, write } from './output.ts';
import { drawPages } from './progress.ts';
import { endOfInterest } from './signals.ts';
import type { Canvas } from './table.ts';
import { themeFor } from './theme.ts';

/** What is shown. */
export interface LivePage<T> {
  /** What the page shows. */
  readonly title: string;
  readonly ask: (signal: AbortSignal) => Promise<T>;
  readonly lines: (answer: T, canvas: Canvas) => string[];
  /** What `--json` prints of it. */
  readonly facts: (answer: T) => unknown;
  /** The part whose change counts; the output of `--json` if absent. */
  readonly steady?: (answer: T) => unknown;
}

/** How it is shown. */
export interface LiveOptions {
  readonly intervalMs: number;
  readonly isJson: boolean;
}

/**
 * Shows a page until SIGINT or SIGTERM, or until `q` is pressed on the terminal that shows it.
 * Rejects with an error that time does not mend.
 */
export async function showLive<T>(page: LivePage<T>, options: LiveOptions): Promise<void> {
  // A pager at stdout reads the keys itself.
  const key = isTerminal('stdout') ? openQuitKey() : null;
  const ended = AbortSignal.any([endOfInterest(), ...(key === null ? [] : [key.pressed])]);
  try {
    await showUntil(page, { ...options, ended, keys: key === null ? 'Ctrl-C' : 'q or Ctrl-C' });
  } finally {
    key?.close();
  }
}

interface Showing extends LiveOptions {
  readonly ended: AbortSignal;
  /** The key that a reader may press to end it. */
  readonly keys: string;
}

async function showUntil<T>(page: LivePage<T>, options: Showing): Promise<void> {
  const { isTTY, columns } = screenOf('stdout');
  const isDrawable = isTTY === true && columns !== undefined && columns > 0;
  if (!options.isJson && isDrawable) {
    await drawPages((show) => drawEach(page, { ...options, show }));
    return;
  }
  let before = '';
  for await (const state of statesOf(page, options)) {
    const now = jsonOf({ facts: page.steady ?? page.facts }, state);
    if (now === before) continue;
    if (options.isJson) write('stdout', `${jsonOf(page, state)}\n`);
    else if (state.failure !== undefined) showFailure(state.failure, 'words');
    else write('stdout', pageText(page, state.answer, before === ''));
    before = now;
  }
}

interface Drawing extends Showing {
  readonly show: (lines: readonly string[]) => void;
}

/** The page of a terminal; while no server answers, the reason above the last state. */
async function drawEach<T>(page: LivePage<T>, drawing: Drawing): Promise<void> {
  const stdout = streamOf('stdout');
  const theme = themeFor(stdout);
  let last: T | undefined;
  for await (const { answer, failure } of statesOf(page, drawing)) {
    last = answer ?? last;
    // Computed anew each time: the window may have another size.
    const screen = { isTTY: true, columns: stdout.columns - MARGIN };
    const lines = last === undefined ? [] : page.lines(last, { screen, theme });
    const time = new Date().toTimeString().slice(0, 'hh:mm:ss'.length);
    const pace = `every ${durationText(drawing.intervalMs)}; ${drawing.keys} ends`;
    drawing.show([
      `${theme.strong(page.title)}  ${time}  ${theme.faint(pace)}`,
      ...(failure === undefined
        ? []
        : [`${theme.bad('error:')} ${failure.message}`, `${theme.faint('hint:')} ${failure.hint}`]),
      ...lines,
    ]);
  }
}

type State<T> =
  | { readonly answer: T; readonly failure?: undefined }
  | { readonly answer?: undefined; readonly failure: Failure };

async function* statesOf<T>(
  { ask }: LivePage<T>,
  { intervalMs, ended }: { readonly intervalMs: number; readonly ended: AbortSignal },
): AsyncGenerator<State<T>, void> {
  while (!ended.aborted) {
    try {
      yield { answer: await ask(ended) };
    } catch (error) {
      if (isAborted(ended)) return;
      if (!(error instanceof RarangiError && error.retryable)) throw error;
      yield { failure: failureOf(error) };
    }
    await delay(intervalMs, null, { signal: ended }).catch(() => null);
  }
}

/** Asked by itself: the compiler believes that nothing changes during an `await`. */
function isAborted({ aborted }: AbortSignal): boolean {
  return aborted;
}

/** The state as one line of JSON. */
function jsonOf<T>({ facts }: Pick<LivePage<T>, 'facts'>, { answer, failure }: State<T>): string {
  if (failure === undefined) return JSON.stringify(facts(answer));
  const { code, message, hint } = failure;
  return JSON.stringify({ error: { code, message, hint } });
}

/** A page for an output that is no terminal; an empty line separates it from the one before. */
function pageText<T>(page: LivePage<T>, answer: T, isFirst: boolean): string {
  const lines = page.lines(answer, { screen: {}, theme: themeFor({}) });
  return [...(isFirst ? [] : ['']), ...lines].map((line) => `${line}\n`).join('');
}

/** The columns that the drawing itself takes. */
const MARGIN = 4;
