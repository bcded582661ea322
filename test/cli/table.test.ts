import { expect, test } from 'vitest';

import { type Column, fittedWidths, tableLines } from '../../src/cli/table.ts';
import { themeFor } from '../../src/cli/theme.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'COUNT', text: ({ count }) => String(count), align: 'right' },
];
const ROWS = [
  { name: 'a-rather-long-name', count: 7 },
  { name: 'b', count: 12345 },
];
const theme = themeFor({ isTTY: false });

test('on a terminal columns line up under a heading', () => {
  const lines = tableLines(COLUMNS, ROWS, { screen: { isTTY: true, columns: 80 }, theme });

  expect(lines).toEqual([
    'NAME                COUNT',
    'a-rather-long-name      7',
    'b                   12345',
  ]);
});

test('no line is wider than the terminal', () => {
  const lines = tableLines(COLUMNS, ROWS, { screen: { isTTY: true, columns: 16 }, theme });

  expect(lines).toEqual(['NAME       COUNT', 'a-rather…      7', 'b          12345']);
});

test('elsewhere there is one record a line, apart by tabs, without a heading', () => {
  const lines = tableLines(COLUMNS, ROWS, { screen: {}, theme });

  expect(lines).toEqual(['a-rather-long-name\t7', 'b\t12345']);
});

test('the widest column gives way first and none below a few letters', () => {
  const widths = [10, 4, 20].map((texts) => ({ title: 4, texts }));

  expect(fittedWidths(widths, { columnsMax: 30 })).toEqual([10, 4, 12]);
  expect(fittedWidths(widths, { columnsMax: 5 })).toEqual([3, 3, 3]);
});

test('a heading gives way before what stands below it', () => {
  const widths = [
    { title: 13, texts: 2 },
    { title: 4, texts: 20 },
  ];

  expect(fittedWidths(widths, { columnsMax: 28 })).toEqual([6, 20]);
});

test('a column that may be dropped goes whole, and what stays is not cut', () => {
  const columns = COLUMNS.map((column, at) => (at === 1 ? { ...column, drop: 1 } : column));
  const narrow = (width: number): string[] =>
    tableLines(columns, ROWS, { screen: { isTTY: true, columns: width }, theme });

  expect(narrow(25)[1]).toBe('a-rather-long-name      7');
  expect(narrow(24)).toEqual(['NAME', 'a-rather-long-name', 'b']);
  expect(narrow(10)).toEqual(['NAME', 'a-rather-long-name', 'b']);
});

test('a terminal that says nothing of its size is 80 letters wide', () => {
  const linesOf = (columns: number): string[] =>
    tableLines(COLUMNS, ROWS, { screen: { isTTY: true, columns }, theme });

  expect(linesOf(0)).toEqual(linesOf(80));
});

test('colour changes no width', () => {
  const painted = COLUMNS.map((column) => ({ ...column, paint: (text: string) => `<${text}>` }));

  const lines = tableLines(painted, ROWS, { screen: { isTTY: true, columns: 80 }, theme });

  expect(lines[2]).toBe('<b>                   <12345>');
});
