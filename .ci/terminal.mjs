// `node .ci/terminal.mjs` draws docs/terminal.svg: what `npm start` prints, from a real run of it. Run
// it after `npm run build`, when what the demo prints has changed. It needs the demo's ports.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './generated.mjs';

const LAST_SHOWN = 'Now you';
const FONT = 14;
const ADVANCE = FONT * 0.602;
const LEADING = 20;
const MARGIN = 20;
const ESCAPE = String.fromCodePoint(27);
const CODE = new RegExp(`${ESCAPE}\\[(\\d+)m`);
const CODES = new RegExp(`(${ESCAPE}\\[\\d+m)`);
const STYLES = { 1: 'strong', 2: 'faint', 31: 'bad', 32: 'good', 33: 'doubt', 36: 'name' };

const lines = await demoLines();
writeFileSync(resolve(root, 'docs/terminal.svg'), pictureOf(['$ npm start', ...lines]));

/** What the demo prints on a terminal until it waits for its reader, then ends it with Ctrl-C. */
async function demoLines() {
  const words = ['--quiet', '--return', '--command', 'node bin/demo.mjs', '/dev/null'];
  const env = { ...process.env, RARANGI_SERVE_HOST: 'h1' };
  const terminal = spawn('script', words, { cwd: root, env, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of terminal.stdout.setEncoding('utf8')) {
    if (text.includes(LAST_SHOWN)) continue;
    text += chunk;
    if (text.includes(LAST_SHOWN)) terminal.stdin.write('\x03');
  }
  if (!text.includes(LAST_SHOWN)) throw new Error(`the demo ended early:\n${text}`);
  const shown = text.replaceAll('\r', '').split('\n');
  const end = shown.findIndex((line) => line.includes(LAST_SHOWN));
  return shown.slice(0, end).map((line) => line.trimEnd());
}

function pictureOf(shown) {
  const columns = Math.max(...shown.map((line) => stripVTControlCharacters(line).length));
  const width = Math.ceil(columns * ADVANCE) + 2 * MARGIN;
  const height = shown.length * LEADING + 2 * MARGIN;
  const rows = shown.map((line, index) => {
    if (line === '') return '';
    const y = MARGIN + FONT + index * LEADING;
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spansOf(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img">
<title>A terminal: npm start sets up two servers, registers a service, and shows its end</title>
<style>
text { font: ${FONT}px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d5dae1 }
.strong { font-weight: bold; fill: #fff }
.faint { fill: #8b95a3 }
.good { fill: #6fd08c }
.bad { fill: #ff7b72 }
.doubt { fill: #e3b341 }
.name { fill: #76c7d9 }
</style>
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
${rows.filter((row) => row !== '').join('\n')}
</svg>
`;
}

/** A line of a terminal as pieces of one style each. */
function spansOf(line) {
  let style = '';
  return line
    .split(CODES)
    .map((piece) => {
      const [, code] = CODE.exec(piece) ?? [];
      if (code !== undefined) style = STYLES[code] ?? '';
      if (code !== undefined || piece === '') return '';
      const text = escaped(piece);
      return style === '' ? text : `<tspan class="${style}">${text}</tspan>`;
    })
    .join('');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
