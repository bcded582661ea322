// The tables in the scripts of completion/, one for each shell: commands, flags and what may stand
// behind a flag, from oclif.manifest.json. All else in those scripts is written by hand. The
// manifest knows closed sets (--format); what else completes is said here, once for all shells.

import { built, settle, textOf, withBlocks } from './generated.mjs';

const manifest = JSON.parse(textOf('oclif.manifest.json') || '{"commands":{}}');
const { WELL_KNOWN_PORTS } = await built('protocol/constants.js');

// What may stand behind a flag: words, and in the place of a word @files, or what a server is asked
// for: @services, @clusters, @hosts, @split (the hosts that are cut off). By `command --flag` or
// `--flag` …
const ITEMS_BY_FLAG = {
  '--environment': [...WELL_KNOWN_PORTS.keys()],
  '--cluster': ['@clusters'],
  'history --host': ['@hosts'],
  'peers --forget': ['@split'],
  'peers --host': ['@hosts'],
  'register --name': ['@services'],
  'register --service': ['name='],
};

// … else by what the help shows of the value.
const ITEMS_BY_VALUE = {
  PATH: ['@files'],
  'PATH|none': ['@files', 'none'],
  'HOST[:PORT]|PATH': ['@files'],
  PROBE: ['tcp', 'none', 'http://', 'exec:'],
  'restart|SIGNAL': ['restart', 'HUP', 'INT', 'TERM', 'USR1', 'USR2'],
};

// What the NAME of a command may be.
const ITEMS_BY_COMMAND = {
  explain: ['@services', '@hosts'],
  history: ['@services'],
  lookup: ['@services'],
};

const commands = Object.values(manifest.commands).map(({ id, summary, flags }) => ({
  id,
  summary,
  names: ITEMS_BY_COMMAND[id] ?? [],
  flags: Object.values(flags)
    .filter((flag) => flag.hidden !== true)
    .map((flag) => ({ ...flag, items: itemsOf(id, flag) })),
}));

// The flags that a question of our own repeats, so that it reaches the same servers; and the
// variables that would make it another question.
const asking = commands.filter(({ id }) => id === 'lookup' || id === 'peers');
const shared = asking[0].flags.filter(
  ({ name, type }) =>
    type === 'option' &&
    name !== 'timeout' &&
    asking.every(({ flags }) => flags.some((flag) => flag.name === name)),
);
const passed = shared.flatMap(spellings);
const variables = asking.flatMap(({ flags }) => flags.map(({ env }) => env));
const sharedVariables = new Set(shared.map(({ env }) => env));
const unset = [...new Set(variables)].filter((name) => name && !sharedVariables.has(name)).sort();

function itemsOf(command, { name, options, helpValue }) {
  const flag = `--${name}`;
  const known = ITEMS_BY_FLAG[`${command} ${flag}`] ?? ITEMS_BY_FLAG[flag];
  return options ?? known ?? ITEMS_BY_VALUE[helpValue] ?? [];
}

function spellings({ char, name }) {
  return [...(char === undefined ? [] : [`-${char}`]), `--${name}`];
}

function bash() {
  const values = new Map();
  for (const { id, flags } of commands) {
    for (const flag of flags.filter(({ type }) => type === 'option')) {
      const patterns = spellings(flag).map((each) => `'${id} ${each}'`);
      const items = flag.items.join(' ');
      values.set(items, [...(values.get(items) ?? []), ...patterns]);
    }
  }
  return [
    `_rarangi_commands=${quoted(commands.map(({ id }) => id).join(' '))}`,
    `_rarangi_passed=${quoted(` ${passed.join(' ')} `)}`,
    `_rarangi_unset=${quoted(unset.map((name) => `-u ${name}`).join(' '))}`,
    '',
    '# Prints the flags of a command.',
    '_rarangi_flags() {',
    '  case $1 in',
    ...commands.map(({ id, flags }) => {
      const names = [...flags.map(({ name }) => `--${name}`), '--help'];
      return `    ${id}) echo ${quoted(names.join(' '))} ;;`;
    }),
    '  esac',
    '}',
    '',
    '# Prints what the NAME of a command may be.',
    '_rarangi_names() {',
    '  case $1 in',
    ...commands
      .filter(({ names }) => names.length > 0)
      .map(({ id, names }) => `    ${id}) echo ${quoted(names.join(' '))} ;;`),
    '  esac',
    '}',
    '',
    '# Sets `value` to what may stand behind a flag of a command; fails if nothing does.',
    '_rarangi_value() {',
    '  case "$1 $2" in',
    ...[...values].flatMap(([items, patterns]) => [
      ...patterns.map((each, index) => `    ${each}${index < patterns.length - 1 ? ' | \\' : ')'}`),
      `      value=${quoted(items)}`,
      '      ;;',
    ]),
    '    *) return 1 ;;',
    '  esac',
    '}',
  ];
}

function zsh() {
  return [
    'typeset -ga _rarangi_commands=(',
    ...commands.map(({ id, summary }) => `  ${quoted(`${id}:${firstSentence(summary)}`)}`),
    ')',
    `typeset -ga _rarangi_passed=(${passed.join(' ')})`,
    `typeset -ga _rarangi_unset=(${unset.map((name) => `-u ${name}`).join(' ')})`,
    '',
    '# Completes the flags of a command, and its NAME.',
    '_rarangi_arguments() {',
    '  case $1 in',
    ...commands.flatMap(({ id, names, flags }) => [
      `    ${id})`,
      '      _arguments -S \\',
      ...flags.map((flag) => `        ${zshSpec(flag)} \\`),
      `        '(- *)'{-h,--help}'[Show help.]'${names.length > 0 ? ' \\' : ''}`,
      ...(names.length > 0 ? [`        '1:NAME: _rarangi_items ${names.join(' ')}'`] : []),
      '      ;;',
    ]),
    '  esac',
    '}',
  ];
}

function zshSpec(flag) {
  const { name, char, type, multiple, items, helpValue } = flag;
  const text = `[${escaped(firstSentence(flag.description), ':[]')}]`;
  const title = escaped(helpValue ?? name, ':[]');
  const action = items.length === 0 ? ' ' : ` _rarangi_items ${escaped(items.join(' '), ':')}`;
  const rest = type === 'option' ? `${text}:${title}:${action}` : text;
  const long = `--${name}${type === 'option' ? '=' : ''}`;
  if (multiple === true) return quoted(`*${long}${rest}`);
  if (char === undefined) return quoted(`${long}${rest}`);
  return `'(-${char} --${name})'{-${char},${long}}${quoted(rest)}`;
}

function fish() {
  return [
    `set -g __rarangi_passed ${passed.join(' ')}`,
    `set -g __rarangi_unset ${unset.map((name) => `-u ${name}`).join(' ')}`,
    ...commands.flatMap(({ id, summary, names, flags }) => [
      '',
      `complete -c rarangi -n __rarangi_begins -a ${id} -d ${fishWord(firstSentence(summary))}`,
      ...(names.length > 0 ? [fishNames({ id, names, flags })] : []),
      ...flags.map((flag) => `complete -c rarangi -n '__rarangi_at ${id}' ${fishSpec(flag)}`),
      `complete -c rarangi -n '__rarangi_at ${id}' -s h -l help -d 'Show help.'`,
    ]),
  ];
}

const FISH_ITEMS = {
  '@services': '(__rarangi_ask lookup)',
  '@clusters': '(__rarangi_clusters)',
  '@hosts': '(__rarangi_hosts)',
  '@split': '(__rarangi_split)',
};

/** The NAME of a command, which stands anywhere but behind a flag that takes a value. */
function fishNames({ id, names, flags }) {
  const valued = flags.filter(({ type }) => type === 'option').flatMap(spellings);
  const wants = `__rarangi_wants_name ${id} ${valued.join(' ')}`;
  const words = names.map((item) => FISH_ITEMS[item]).join(' ');
  return `complete -c rarangi -n ${fishWord(wants)} -a ${fishWord(words)}`;
}

function fishSpec({ name, char, type, items, description }) {
  const names = `${char === undefined ? '' : `-s ${char} `}-l ${name}`;
  const text = `-d ${fishWord(firstSentence(description))}`;
  if (type !== 'option') return `${names} ${text}`;
  const words = items.filter((item) => item !== '@files').map((item) => FISH_ITEMS[item] ?? item);
  const choice = words.length === 0 ? '' : ` -a ${fishWord(words.join(' '))}`;
  return `${names} ${items.includes('@files') ? '-r -F' : '-x'}${choice} ${text}`;
}

function firstSentence(text) {
  return /^.*?[.](?= [A-Z]|$)/s.exec(text)?.[0] ?? text;
}

/** A text as one word of bash or zsh. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishWord(text) {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function escaped(text, letters) {
  return [...text].map((each) => (letters.includes(each) ? `\\${each}` : each)).join('');
}

const scripts = { 'rarangi.bash': bash, _rarangi: zsh, 'rarangi.fish': fish };
settle(
  await Promise.all(
    Object.entries(scripts).map(([name, TABLES]) =>
      withBlocks(`completion/${name}`, { comment: '#', blocks: { TABLES } }),
    ),
  ),
);
