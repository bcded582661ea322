// The display of `serve`: notices as lines; on a terminal, first the steps of its start, drawn from
// the same notices, and then the lines. The invariant: the display never delays anything: the
// server is ready when its sockets listen, and steps that take too long give way to the lines.

import { type Notice, NOTICES, type ServerHandle, sentenceOf } from '../index.ts';
import { type LogEvent, type LogFormat, logTo } from './log-lines.ts';
import { screenOf } from './output.ts';
import { drawSteps, type StepOutcome } from './progress.ts';

/** Where the notices of a server go. */
export interface ServeLog {
  take(notice: Notice): void;
  /** The sockets listen. */
  bound(handle: Pick<ServerHandle, 'name' | 'side' | 'bound' | 'lock' | 'doors'>): void;
  /**
   * Nothing more is drawn; the lines that were held back are written. Resolves when the screen is
   * free.
   */
  end(): Promise<void>;
}

/** Opens the log of a server. */
export function openServeLog(format: LogFormat, screen = screenOf('stderr')): ServeLog {
  const write = logTo(format);
  const show: Show = (event, time) => {
    if (event.level !== 'debug') write(event, time);
  };
  // A terminal that does not know its width would show nothing of the steps.
  const isDrawable = screen.isTTY === true && (screen.columns ?? 0) > 0;
  return isDrawable && format === 'pretty' ? drawnLog(show) : plainLog(show);
}

type Show = (event: LogEvent, time?: Date) => void;

function plainLog(show: Show): ServeLog {
  return {
    take: (notice) => {
      show(eventOf(notice));
    },
    bound: () => undefined,
    end: () => Promise.resolve(),
  };
}

function drawnLog(show: Show): ServeLog {
  const bind = openStep();
  const neighbours = openStep();
  const sync = openStep();
  const held: { readonly event: LogEvent; readonly time: Date }[] = [];
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
    for (const { event, time } of held.splice(0)) show(event, time);
  });
  return {
    take: (notice) => {
      const event = eventOf(notice);
      if (isDrawing) held.push({ event, time: new Date() });
      else show(event);
      if (notice.name === 'link-up') neighbours.settle(linkedOutcome(notice.fields.peer));
      if (notice.name !== 'view-complete') return;
      neighbours.settle({ text: 'neighbours: none yet', isDone: true });
      sync.settle({ text: 'first sync: the view is complete', isDone: true });
    },
    bound: ({ name, side, bound, lock, doors }) => {
      const by = lock === 'none' ? 'not locked' : `locked by ${lock}`;
      const text = `bound ${bound} as ${name}, side ${side.toUpperCase()}, ${[by, ...doors].join('; ')}`;
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

function linkedOutcome(peer: string | number): StepOutcome {
  return { text: `neighbours: linked to ${String(peer)}`, isDone: true };
}

interface OpenStep {
  readonly outcome: Promise<StepOutcome>;
  /** The first outcome counts. */
  readonly settle: (outcome: StepOutcome) => void;
}

function openStep(): OpenStep {
  let settle: (outcome: StepOutcome) => void = () => undefined;
  const outcome = new Promise<StepOutcome>((resolve) => {
    settle = resolve;
  });
  return { outcome, settle };
}

const DRAWN_MS_MAX = 8_000;
