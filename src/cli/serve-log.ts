// What `serve` shows: notices as lines; on a terminal, first the steps of its start, drawn from the
// very same notices, and the lines after them. The invariant: showing never holds anything up: the
// server is ready when its sockets listen, and steps that take too long give way to the lines.

import { type Notice, NOTICES, type ServerHandle, sentenceOf } from '../index.ts';
import { type LogEvent, type LogFormat, logTo } from './log-lines.ts';
import { drawSteps, type Outcome } from './progress.ts';
import type { Screen } from './theme.ts';

/** Where the notices of a server go. */
export interface ServeLog {
  take(notice: Notice): void;
  /** The sockets listen. */
  bound(handle: Pick<ServerHandle, 'name' | 'side' | 'bound'>): void;
  /** Nothing more is drawn; what was held back is written. Resolves when the screen is free. */
  end(): Promise<void>;
}

/** Opens the log of a server. */
export function openServeLog(format: LogFormat, screen: Screen = process.stderr): ServeLog {
  const write = logTo(format);
  const show = ({ event, level, message, fields }: LogEvent): void => {
    if (level !== 'debug') write({ event, level, message, fields });
  };
  return screen.isTTY === true && format === 'pretty' ? drawnLog(show) : plainLog(show);
}

function plainLog(show: (event: LogEvent) => void): ServeLog {
  return {
    take: (notice) => {
      show(eventOf(notice));
    },
    bound: () => undefined,
    end: () => Promise.resolve(),
  };
}

function drawnLog(show: (event: LogEvent) => void): ServeLog {
  const bind = openStep();
  const neighbours = openStep();
  const sync = openStep();
  const held: LogEvent[] = [];
  let isDrawing = true;
  const giveWay = (text: string): void => {
    for (const step of [bind, neighbours, sync]) step.settle({ text, isDone: false });
  };
  const timer = setTimeout(giveWay, DRAWN_MS_MAX, 'not yet; the log goes on below');
  const drawn = drawSteps([
    { title: 'bind', outcome: bind.outcome },
    { title: 'neighbours', outcome: neighbours.outcome },
    { title: 'first sync', outcome: sync.outcome },
  ]).then(() => {
    isDrawing = false;
    clearTimeout(timer);
    for (const event of held.splice(0)) show(event);
  });
  return {
    take: (notice) => {
      const event = eventOf(notice);
      if (isDrawing) held.push(event);
      else show(event);
      if (notice.name === 'link-up') neighbours.settle(linkedOutcome(notice));
      if (notice.name !== 'view-complete') return;
      neighbours.settle({ text: 'no neighbours: a server on its own', isDone: true });
      sync.settle({ text: 'first sync: the view is complete', isDone: true });
    },
    bound: ({ name, side, bound }) => {
      const text = `bound ${bound} as ${name}, side ${side.toUpperCase()}`;
      bind.settle({ text, isDone: true });
    },
    end: () => {
      giveWay('stopped');
      return drawn;
    },
  };
}

function eventOf(notice: Notice): LogEvent {
  const { name: event, fields } = notice;
  return { event, level: NOTICES[event].level, message: sentenceOf(notice), fields };
}

function linkedOutcome({ fields }: Notice): Outcome {
  return { text: `neighbours: linked to ${String(fields['peer'])}`, isDone: true };
}

interface OpenStep {
  readonly outcome: Promise<Outcome>;
  /** The first outcome stands. */
  readonly settle: (outcome: Outcome) => void;
}

function openStep(): OpenStep {
  let settle: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  return { outcome, settle };
}

const DRAWN_MS_MAX = 8_000;
