// The blocks of the manual pages that follow from tables: options from oclif.manifest.json, exit
// codes, messages, records, errors and notices from the built modules. A block stands between
// `.\" BEGIN NAME` and `.\" END NAME`; all else in a page is written by hand.

import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { built, root, settle, textOf, withBlocks } from './generated.mjs';

const LINE_MAX = 78;
const manifest = JSON.parse(textOf('oclif.manifest.json') || '{"commands":{}}');

const BLOCKS = {
  OPTIONS: options,
  'EXIT STATUS': exitStatus,
  PHASES: phases,
  MESSAGES: messages,
  RECORDS: records,
  ERRORS: errors,
  NOTICES: notices,
  LIMITS: limits,
  METRICS: metrics,
  'HTTP LIMITS': httpLimits,
  'FILE RULES': fileRules,
  NAMES: dnsNames,
  'RESPONSE CODES': responseCodes,
  'EXTENDED ERRORS': extendedErrors,
};

function options(page) {
  const command = manifest.commands[page.replace(/^rarangi-/, '')];
  if (command === undefined) throw new Error(`man/${page}: the manifest has no such command`);
  const flags = Object.values(command.flags).filter((flag) => flag.hidden !== true);
  return tagList('Ds', flags.map(option));
}

async function fileRules() {
  const { FILE_RULES } = await built('io/tls/private-file.js');
  const items = FILE_RULES.flatMap(({ doc }) => ['.It', ...prose(doc)]);
  return ['.Bl -bullet -compact', ...items, '.El'];
}

async function dnsNames() {
  const { NAME_FORMS } = await built('doors/dns/names.js');
  const items = NAME_FORMS.map(({ examples, types, doc }) => {
    const shown = examples.map((each) => (each === '@' ? 'the zone' : each));
    return { tag: `Ar ${shown.join(' , ')}`, lines: [`${types.join(', ')}.`, ...prose(doc)] };
  });
  return tagList('Ds', items);
}

async function responseCodes() {
  const { RCODE_DOCS } = await built('doors/dns/codes.js');
  return tagList('Ds', Object.entries(RCODE_DOCS).map(docItem));
}

async function extendedErrors() {
  const { EDE, EDE_DOCS } = await built('doors/dns/codes.js');
  const entries = Object.entries(EDE).map(([name, code]) => [String(code), EDE_DOCS[name]]);
  return tagList('Ds', entries.map(docItem));
}

function docItem([tag, doc]) {
  return { tag, lines: prose(sentence(doc)) };
}

function option(flag) {
  const value = flag.helpValue ?? flag.name.toUpperCase();
  const argument = flag.type === 'option' ? ` Ar ${word(value)}` : '';
  const short = flag.char === undefined ? '' : ` Fl ${word(flag.char)} ,`;
  const long = flag.allowNo === true ? `[no-]${flag.name}` : flag.name;
  const lines = prose(sentence(flag.description ?? flag.summary ?? ''));
  if (flag.required === true) lines.push('Required.');
  if (flag.multiple === true && !/repeatable/i.test(lines.join(' '))) lines.push('Repeatable.');
  if (flag.options !== undefined) {
    lines.push(
      'One of:',
      ...flag.options.map((each, index, all) => {
        return `.Cm ${word(each)}${index === all.length - 1 ? ' .' : ' ,'}`;
      }),
    );
  }
  if (flag.type === 'option' && isPlain(flag.default)) {
    lines.push(`The default is`, `.Ql ${word([flag.default].flat().join(','))} .`);
  }
  if (flag.env !== undefined) lines.push('Environment variable:', `.Ev ${word(flag.env)} .`);
  return { tag: `${short} Fl -${word(long)}${argument}`.trim(), lines };
}

function isPlain(value) {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== '' && typeof value !== 'object';
}

async function exitStatus() {
  const { EXIT_CODES } = await built('cli/exit-codes.js');
  const codes = Object.values(EXIT_CODES).sort((one, other) => one.code - other.code);
  return tagList(
    '128+n',
    codes.map(({ code, doc }) => ({ tag: `${code}`, lines: prose(doc) })),
  );
}

async function phases() {
  const { CONNECTION_PHASES } = await built('core/server/links/connections.js');
  const lines = Object.entries(CONNECTION_PHASES).flatMap(([phase, arriving]) => {
    const ways = Object.entries(arriving).filter(([, next]) => next.length > 0);
    const staying = Object.entries(arriving).filter(([, next]) => next.length === 0);
    const moves = ways.map(([kind, next]) => `${kind} -> ${next.join(' or ')}`);
    return [...moves, ...wrappedTo(staying.map(([kind]) => kind).join(' '), LINE_MAX - 16)].map(
      (text, index) => `${(index === 0 ? phase : '').padEnd(9)}${text}`,
    );
  });
  return literal(lines);
}

async function messages() {
  const { MESSAGES } = await built('protocol/messages.js');
  const items = Object.entries(MESSAGES).map(([kind, { code, from, doc, fields }]) => {
    const declared = Object.entries(fields).map(([name, field]) => {
      return `${field.isOptional ? '? ' : ''}${name}: ${field.cddl}`;
    });
    return {
      tag: `Sy ${word(kind)} Pq ${code} , ${from === 'any' ? 'either side' : `from a ${from}`}`,
      lines: [...prose(doc), ...literal(declared)],
    };
  });
  return tagList('Ds', items);
}

async function records() {
  const { MESSAGES } = await built('protocol/messages.js');
  const rules = new Map(
    Object.values(MESSAGES)
      .flatMap(({ fields }) => Object.values(fields))
      .flatMap((field) => field.rules),
  );
  return literal([...rules].flatMap(([name, body]) => folded(`${name} = ${body}`)));
}

async function errors() {
  const { PROTOCOL_ERRORS } = await built('protocol/errors.js');
  const items = Object.entries(PROTOCOL_ERRORS).map(([name, { code, closes, doc }]) => ({
    tag: `Sy ${word(name)} Pq ${code}`,
    lines: [...prose(doc), closes ? 'The connection ends.' : 'The connection goes on.'],
  }));
  return tagList('Ds', items);
}

async function notices() {
  const { NOTICES } = await built('core/notices.js');
  const items = Object.entries(NOTICES).map(([name, { level, sentence: text }]) => ({
    tag: `Sy ${word(name)} Pq ${level}`,
    lines: prose(sentence(text)),
  }));
  return tagList('Ds', items);
}

async function limits() {
  const { LIMITS } = await built('core/server/limits.js');
  const items = Object.values(LIMITS).map(({ max, noun, doc, option: flag }) => ({
    tag: `Sy ${word(max.toLocaleString('en-US'))} ${word(noun)}`,
    lines: [
      ...prose(doc),
      ...(flag === undefined ? [] : ['Another number:', `.Fl ${word(flag.slice(1))} .`]),
    ],
  }));
  return tagList('Ds', items);
}

async function metrics() {
  const { ALL_METRICS } = await built('doors/metrics/table.js');
  const items = ALL_METRICS.map(({ name, type, help, labels, isAsked }) => ({
    tag: `Sy ${word(name)} Pq ${type}${labels.length === 0 ? '' : `, by ${labels.join(', ')}`}`,
    lines: [
      ...prose(help),
      ...(isAsked === true ? ['Only with the parameter', '.Li services=1 .'] : []),
    ],
  }));
  return tagList('Ds', items);
}

async function httpLimits() {
  const { HTTP_LIMITS } = await built('doors/http/limits.js');
  const items = Object.entries(HTTP_LIMITS).map(([name, { max, doc }]) => ({
    tag: `Sy ${word(name)} Pq ${max.toLocaleString('en-US')}`,
    lines: prose(doc),
  }));
  return tagList('Ds', items);
}

/** An mdoc list with tags. */
function tagList(width, items) {
  const body = items.flatMap(({ tag, lines }) => [`.It ${tag}`, ...lines]);
  return [`.Bl -tag -width ${width}`, ...body, '.El'];
}

/** Lines as they are; none for none. */
function literal(lines) {
  if (lines.length === 0) return [];
  return ['.Bd -literal', ...lines.map(escaped), '.Ed'];
}

/** A CDDL rule over several lines, broken after commas and before slashes. */
function folded(rule) {
  const lines = [''];
  for (const part of rule.split(/(?<=,) | (?=\/ )/)) {
    const line = lines.at(-1);
    if (line !== '' && line.length + part.length + 1 > LINE_MAX - 6) lines.push(`  ${part}`);
    else lines[lines.length - 1] = line === '' ? part : `${line} ${part}`;
  }
  return lines;
}

/** Text as sentences, each on lines of its own as mdoc wants it; `code` in bold. */
function prose(text) {
  return text
    .replaceAll('\\', '\\e')
    .replace(/`([^`]+)`/g, '\\fB$1\\fR')
    .split(/(?<=[.!?])\s+(?=[^a-z])/)
    .flatMap(wrapped)
    .map(guarded);
}

function sentence(text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) || capital === '' ? capital : `${capital}.`;
}

function wrapped(text) {
  return wrappedTo(text, LINE_MAX);
}

function wrappedTo(text, lineMax) {
  const lines = [''];
  for (const each of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== '' && line.length + each.length + 1 > lineMax) lines.push(each);
    else lines[lines.length - 1] = line === '' ? each : `${line} ${each}`;
  }
  return lines;
}

function escaped(line) {
  return guarded(line.replaceAll('\\', '\\e'));
}

/** A line that is not taken for a request, whatever it begins with. */
function guarded(line) {
  return line.replace(/^[.']/, '\\&$&');
}

/** Text as one argument of a macro: not taken for a macro itself, nor split at blanks. */
function word(text) {
  const safe = `${text}`.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  const plain = /^([A-Z][a-z]{1,2}|[.,:;()[\]?!|])$/.test(safe) ? `\\&${safe}` : safe;
  return /[\s"]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

const pages = readdirSync(resolve(root, 'man')).filter((name) => /\.[17]$/.test(name));
settle(
  await Promise.all(
    pages.map((name) =>
      withBlocks(`man/${name}`, {
        comment: '.\\"',
        blocks: BLOCKS,
        subject: basename(name).replace(/\.\d$/, ''),
      }),
    ),
  ),
);
