// All colour. The invariant: only a terminal gets colour, and NO_COLOR or a dumb terminal takes it
// away. Colour repeats what a word says; it never stands alone.

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

/** The facts about a stream: whether it is a terminal, and how wide. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Stated {
  /** The printed text; a narrow screen may show a part. */
  readonly text: string;
  readonly state: keyof typeof LOOKS_BY_STATE;
}

/**
 * The theme for a stream. The guesses of chalk from the environment (`CI`, say, means no colour to
 * it, even on a terminal) do not count.
 */
export function themeFor(screen: Screen, env: NodeJS.ProcessEnv = process.env): Theme {
  if (!hasColour(screen, env)) return PLAIN;
  const chalk = new Chalk({ level: BASIC_COLOURS });
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

function hasColour(screen: Screen, env: NodeJS.ProcessEnv): boolean {
  const isUnwanted = (env['NO_COLOR'] ?? '') !== '';
  return screen.isTTY === true && !isUnwanted && env['TERM'] !== 'dumb';
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
  left: 'faint',
  crashed: 'bad',
  forgotten: 'faint',
  unknown: 'doubtful',
} as const satisfies Readonly<Record<string, keyof Theme>>;

/** chalk's level for the sixteen colours that every terminal has. */
const BASIC_COLOURS = 1;

const asItIs = (text: string): string => text;
const PLAIN: Theme = { strong: asItIs, faint: asItIs, good: asItIs, doubtful: asItIs, bad: asItIs };
