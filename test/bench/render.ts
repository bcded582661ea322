// `npm run numbers` ends with this: what docs/numbers.json says goes into docs/performance.md, as a table,
// and into docs/growth.svg, as a picture.

import { readFileSync, writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import { type Numbers, withNumbers } from './numbers.ts';
import { plotOf } from './plot.ts';

const numbers = JSON.parse(readFileSync('docs/numbers.json', 'utf8')) as Numbers;
if (numbers.isQuick)
  throw new Error('docs/numbers.json is of a --quick run: its figures mean nothing');
const PAGE = 'docs/performance.md';
const page = withNumbers(readFileSync(PAGE, 'utf8'), numbers);
writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
const grown = numbers.results.find(({ row }) => row === 'growth');
if (grown !== undefined && grown.figures.length > 0) {
  writeFileSync('docs/growth.svg', plotOf(grown.figures));
}
for (const { row, figures } of numbers.results) {
  if (figures.length === 0) console.error(`${row} could not be measured: run it again`);
}
