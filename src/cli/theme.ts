// All colour. The invariant: none where nobody sees it: only a terminal gets any, and NO_COLOR
// takes it away from that too. Colour says again what a word says already; it never says it alone.

import { Chalk, type ChalkInstance } from 'chalk';

import type { Level } from '../index.ts';

/** How a text looks, by what it means. */
export interface Theme {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** What is asked of a stream: whether somebody looks at it, and how wide. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Stated {
  /** What is printed of it; a narrow screen may show a part. */
  readonly text: string;
  readonly state: keyof typeof LOOKS_BY_STATE;
}

/** The theme for what is written to a stream. */
export function themeFor(screen: Screen, noColor = process.env['NO_COLOR']): Theme {
  if (!hasColour(screen, noColor)) return PLAIN;
  const chalk = new Chalk();
  return {
    strong: plainly(chalk.bold),
    faint: plainly(chalk.dim),
    good: plainly(chalk.green),
    doubtful: plainly(chalk.yellow),
    bad: plainly(chalk.red),
  };
}

/** A text in the colour of the state it names: of a server, an instance, an environment. */
export function inStateColour(theme: Theme, { text, state }: Stated): string {
  return theme[LOOKS_BY_STATE[state]](text);
}

/** A text in the colour of a level. */
export function inLevelColour(theme: Theme, level: Level, text: string): string {
  if (level === 'error') return theme.bad(text);
  if (level === 'warn') return theme.doubtful(text);
  return level === 'debug' ? theme.faint(text) : text;
}

function hasColour(screen: Screen, noColor: string | undefined): boolean {
  return screen.isTTY === true && (noColor === undefined || noColor === '');
}

function plainly(style: ChalkInstance): (text: string) => string {
  return (text) => style(text);
}

const LOOKS_BY_STATE = {
  healthy: 'good',
  reachable: 'good',
  degraded: 'doubtful',
  suspect: 'doubtful',
  split: 'bad',
  isolated: 'bad',
} as const satisfies Readonly<Record<string, keyof Theme>>;

const asItIs = (text: string): string => text;
const PLAIN: Theme = { strong: asItIs, faint: asItIs, good: asItIs, doubtful: asItIs, bad: asItIs };
