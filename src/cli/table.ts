// Rows of text. On a terminal: a heading, columns that line up, and no line wider than the screen,
// the widest columns giving way first. Elsewhere: one record a line, fields apart by tabs and no
// heading, for cut(1) and awk(1). A table some of whose columns may be dropped cuts none of the others:
// it drops. The invariant: colour is put on last, so widths count letters.

import type { Screen, Theme } from './theme.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** It may be dropped where the screen is narrow: the one with the lowest number first. */
  readonly drop?: number;
  /** The text, shortened to its column, as it should look. */
  readonly paint?: (text: string, row: Row, theme: Theme) => string;
}

/** Where a table goes. */
export interface Canvas {
  readonly screen: Screen;
  readonly theme: Theme;
}

/** The lines of a table. */
export function tableLines<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  { screen, theme }: Canvas,
): string[] {
  if (screen.isTTY !== true) {
    return rows.map((row) => all.map(({ text }) => text(row)).join('\t'));
  }
  // A terminal that nobody has told its size says 0.
  const { columns: told = 0 } = screen;
  const columnsMax = told > 0 ? told : COLUMNS_DEFAULT;
  const columns = undropped(all, rows, columnsMax);
  const widths = fittedWidths(naturalWidths(columns, rows), {
    columnsMax,
    isWhole: all.some(({ drop }) => drop !== undefined),
  });
  const heading = columns.map(({ title, align }, index) =>
    theme.faint(padded(title, widths[index] ?? 0, align)),
  );
  const lines = rows.map((row) =>
    columns.map(({ text, align, paint }, index) => {
      const cell = padded(text(row), widths[index] ?? 0, align);
      return paint === undefined ? cell : around(cell, (inner) => paint(inner, row, theme));
    }),
  );
  return [heading, ...lines].map((cells) => cells.join(GAP).trimEnd());
}

/**
 * The columns that have room with their whole content; those that may not be dropped stay anyway.
 */
function undropped<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  columnsMax: number,
): readonly Column<Row>[] {
  const columns = [...all];
  for (;;) {
    const widths = naturalWidths(columns, rows).map(({ texts }) => Math.max(texts, WIDTH_MIN));
    const excess = sumOf(widths) + GAP.length * (widths.length - 1) - columnsMax;
    const drops = columns.flatMap(({ drop }) => drop ?? []);
    if (excess <= 0 || drops.length === 0) return columns;
    const first = Math.min(...drops);
    columns.splice(
      columns.findIndex(({ drop }) => drop === first),
      1,
    );
  }
}

/** How much room there is, and whether cells are never cut. */
interface Room {
  readonly columnsMax: number;
  readonly isWhole?: boolean;
}

/**
 * Widths that fit a line: the widest gives way first, headings before their cells, and none below a
 * few letters.
 */
export function fittedWidths(
  widths: readonly ColumnWidths[],
  { columnsMax, isWhole = false }: Room,
): number[] {
  const fitted = widths.map(({ title, texts }) => Math.max(title, texts));
  const room = columnsMax - GAP.length * (widths.length - 1);
  const floors = widths.map(({ texts }) => Math.max(texts, WIDTH_MIN));
  narrow(fitted, floors, room);
  if (isWhole) return fitted;
  narrow(
    fitted,
    widths.map(() => WIDTH_MIN),
    room,
  );
  return fitted;
}

/** How wide a column would be. */
export interface ColumnWidths {
  readonly title: number;
  readonly texts: number;
}

function narrow(widths: number[], floors: readonly number[], room: number): void {
  for (let excess = sumOf(widths) - room; excess > 0; excess--) {
    const spare = widths.map((width, index) => (width > (floors[index] ?? 0) ? width : 0));
    const widest = Math.max(...spare);
    if (widest === 0) return;
    widths[spare.indexOf(widest)] = widest - 1;
  }
}

function naturalWidths<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): ColumnWidths[] {
  return columns.map(({ title, text }) => ({
    title: title.length,
    texts: rows.reduce((width, row) => Math.max(width, text(row).length), 0),
  }));
}

function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const short = text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
  return align === 'left' ? short.padEnd(width) : short.padStart(width);
}

/** Colours a cell without its padding, which would show an underline or a background. */
function around(cell: string, paint: (inner: string) => string): string {
  const inner = cell.trim();
  return inner === '' ? cell : cell.replace(inner, () => paint(inner));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

const GAP = '  ';
const COLUMNS_DEFAULT = 80;
const WIDTH_MIN = 3;
