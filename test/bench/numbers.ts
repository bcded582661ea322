// The figures as a table in Markdown, and its place in a text that has other words around it.

import type { Figure } from './row.ts';

/** The figures of a row; none if it could not measure. */
export interface Result {
  readonly row: string;
  readonly title: string;
  readonly method: string;
  readonly figures: readonly Figure[];
}

/** All that was measured, as `--json` leaves it. */
export interface Numbers {
  readonly version: string;
  readonly machine: string;
  readonly isQuick: boolean;
  readonly results: readonly Result[];
}

/** One table; each row begins with its title, and with how it was measured. */
export function tableOf(results: readonly Result[]): string {
  const head = ['', 'median / 99th percentile', 'floor', 'target'];
  const lines = results.flatMap(({ title, method, figures }) => {
    const measured = figures.length === 0 ? '_could not be measured_' : '';
    return [[`**${title}**<br>${method}`, measured, '', ''], ...figures.map(cellsOf)];
  });
  return [head, head.map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function cellsOf({ what, unit, value, p99, floor, must }: Figure): string[] {
  const shown = [value, ...(p99 === undefined ? [] : [p99])].map(numberText).join(' / ');
  return [what, `${shown} ${unit}`, floor === undefined ? '' : numberText(floor), must ?? ''];
}

function numberText(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** Puts the figures between the marks of a text. Throws where there are no marks. */
export function withNumbers(text: string, { version, machine, results }: Numbers): string {
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (start === -1 || end < start) throw new Error(`there is no ${BEGIN} before an ${END}`);
  const measured = `rarangi ${version} on ${machine}:\n\n${tableOf(results)}`;
  return `${text.slice(0, start + BEGIN.length)}\n\n${measured}\n\n${text.slice(end)}`;
}

const BEGIN = '<!-- BEGIN NUMBERS -->';
const END = '<!-- END NUMBERS -->';
