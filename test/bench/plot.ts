// How figures grow, as a picture: a panel for each, from zero on both axes, so that what is linear is
// a straight line through the origin's height. SVG by hand: it is four polylines and some text.

import type { Figure } from './row.ts';

/** The content of one panel, from the figures of a name. */
interface Panel {
  readonly of: string;
  readonly title: string;
  readonly unit: string;
  readonly shown: (value: number, at: number) => number;
}

/** The picture of what a row measured at several sizes. */
export function plotOf(figures: readonly Figure[]): string {
  const measured = PANELS.filter(({ of }) => figures.some(({ growth }) => growth?.of === of));
  const panels = measured.map((panel, index) => {
    const [x, y] = [(index % 2) * PANEL.width, Math.floor(index / 2) * PANEL.height];
    return `<g transform="translate(${String(x)} ${String(y)})">${panelOf(panel, figures)}</g>`;
  });
  const [width, height] = [2 * PANEL.width, 2 * PANEL.height];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}"`,
    `  font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#333">`,
    `<title>How cost grows with the number of registrations</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...panels,
    `</svg>\n`,
  ].join('\n');
}

function panelOf({ of, title, unit, shown }: Panel, figures: readonly Figure[]): string {
  const points = figures.flatMap(({ value, growth }) =>
    growth?.of === of ? [{ at: growth.at, value: shown(value, growth.at) }] : [],
  );
  const across = axisOf(points.map(({ at }) => at));
  const up = axisOf(points.map(({ value }) => value));
  const x = (at: number): number => BOX.left + (BOX.width * at) / across.end;
  const y = (value: number): number => BOX.top + BOX.height * (1 - value / up.end);
  const [right, bottom] = [BOX.left + BOX.width, BOX.top + BOX.height];
  const places = points.map(({ at, value }) => `${fixed(x(at))},${fixed(y(value))}`);
  return [
    text(BOX.left, 22, `${title}, ${unit}`, 'font-size="13" font-weight="bold"'),
    ...up.ticks.flatMap((value) => [
      `<path d="M${String(BOX.left)} ${fixed(y(value))}H${String(right)}" stroke="#ddd"/>`,
      text(BOX.left - 8, y(value) + 4, value.toLocaleString('en'), 'text-anchor="end"'),
    ]),
    ...across.ticks.map((at) => text(x(at), bottom + 18, thousands(at), 'text-anchor="middle"')),
    text(BOX.left + BOX.width / 2, bottom + 36, 'registrations held', 'text-anchor="middle"'),
    `<path d="M${String(BOX.left)} ${String(bottom)}H${String(right)}" stroke="#333"/>`,
    `<polyline points="${places.join(' ')}" fill="none" stroke="#1f6feb" stroke-width="2"/>`,
    ...places.map((place) => {
      const [cx = '', cy = ''] = place.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="#1f6feb"/>`;
    }),
  ].join('\n');
}

/** An axis from zero to a round number beyond the largest value. */
function axisOf(values: readonly number[]): { end: number; ticks: number[] } {
  const largest = Math.max(...values);
  const power = 10 ** Math.floor(Math.log10(largest / 3));
  const step =
    [1, 2, 5, 10].map((each) => each * power).find((each) => largest / each <= 5) ?? power;
  const count = Math.ceil(largest / step);
  return {
    end: count * step,
    ticks: Array.from({ length: count + 1 }, (_, index) => tick(index * step)),
  };
}

/** Without what a sum of tenths has behind its digits. */
function tick(value: number): number {
  return Number(value.toPrecision(6));
}

function text(x: number, y: number, words: string, how: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${how}>${words}</text>`;
}

function thousands(count: number): string {
  return count >= 1_000 ? `${(count / 1_000).toLocaleString('en')}k` : String(count);
}

function fixed(value: number): string {
  return value.toFixed(1);
}

const PANELS: readonly Panel[] = [
  {
    of: 'memory of each',
    title: 'Memory for all of them',
    unit: 'MB',
    shown: (bytes, at) => (bytes * at) / 1e6,
  },
  {
    of: 'an empty server has all',
    title: 'An empty server has all',
    unit: 'seconds',
    shown: (milliseconds) => milliseconds / 1e3,
  },
  {
    of: 'one change, seen at the next server',
    title: 'One change, seen at the next server',
    unit: 'ms',
    shown: (milliseconds) => milliseconds,
  },
  {
    of: 'lookups of ten instances',
    title: 'Lookups of ten instances',
    unit: 'thousand a second',
    shown: (perSecond) => perSecond / 1e3,
  },
];

const PANEL = { width: 440, height: 290 };
const BOX = { left: 62, top: 42, width: 350, height: 190 };
