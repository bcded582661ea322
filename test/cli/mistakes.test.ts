import { expect, test } from 'vitest';
import { meantCommandLine, meantWords, withMeantLine } from '../../src/cli/mistakes.ts';
import { nearestWord } from '../../src/cli/spelling.ts';

const COMMANDS = ['lookup', 'peers', 'register', 'serve', 'status'];
const FLAGS = {
  environment: { type: 'option', char: 'e' },
  name: { type: 'option' },
  port: { type: 'option' },
  json: { type: 'boolean' },
} as const;

function hintFor(message: string, line: string): string {
  const [command = '', ...words] = line.split(' ');
  const failure = { code: 'RARANGI_USAGE', message, hint: 'none', exit: 2 };
  return withMeantLine(failure, { command, flags: FLAGS, words }).hint;
}

test.each([
  ['help serve', 'serve --help'],
  ['help', '--help'],
  ['help help', '--help --help'],
  ['help version', '--version'],
  ['version', '--version'],
  ['-V', '--version'],
  ['lookup db -e testing', 'lookup db -e testing'],
])('%s is read as %s', (typed, meant) => {
  expect(meantWords(typed.split(' '), COMMANDS).join(' ')).toBe(meant);
});

test.each([
  ['-e testing lookup web', 'write: rarangi lookup -e testing web'],
  ['lokup web', 'did you mean: rarangi lookup web'],
  ['help lokup', 'did you mean: rarangi lookup --help'],
  ['regsiter --name x', 'did you mean: rarangi register --name x'],
])('%s is no command, and the line that was meant is said', (typed, hint) => {
  expect(() => meantWords(typed.split(' '), COMMANDS)).toThrow(expect.objectContaining({ hint }));
});

test.each([
  [
    'unexpected arguments: web, 80',
    'register web 80',
    'write: rarangi register --name web --port 80',
  ],
  [
    'nonexistent flag: -m',
    'register --name x --port 1 python3 -m http',
    'put -- before the command: rarangi register --name x --port 1 -- python3 -m http',
  ],
  ['unexpected argument: foo', 'secret foo', 'write: rarangi secret --write foo'],
  [
    'nonexistent flag: --enviroment',
    'serve --enviroment=x',
    'did you mean: rarangi serve --environment=x',
  ],
  [
    'nonexistent flag: --env',
    'lookup --env x web',
    'did you mean: rarangi lookup --environment x web',
  ],
  ['nonexistent flag: --n', 'serve --n', 'none'],
  [
    'unexpected argument: b',
    'lookup a b',
    "write one pattern for several services: rarangi lookup '{a,b}'",
  ],
  ['nonexistent flag: --interval', 'lookup --interval 1s db', 'none'],
  ['unexpected argument: b', 'serve b', 'none'],
  ['nonexistent flag: --nonsense', 'serve --nonsense', 'none'],
  ['service "web:80" is not a name', 'lookup web:80', 'write: rarangi lookup web'],
  ['name "http://web:80/" is not a name', 'explain http://web:80/', 'write: rarangi explain web'],
  ['name "web:80" is not a name', 'register --name web:80 --port 80', 'none'],
  ['service "_x" is not a name', 'lookup _x', 'none'],
  [`service "${'x'.repeat(129)}" is not a name`, `lookup ${'x'.repeat(129)}`, 'none'],
  ['service "http://-x/" is not a name', 'lookup http://-x/', 'none'],
  ['unexpected arguments: _x, 80', 'register _x 80', 'none'],
])('%s in %s', (message, line, hint) => {
  expect(hintFor(message, line)).toBe(hint);
});

test.each([
  ['sleep 1', 'register --name x -- sleep 1'],
  ['cd /srv && exec ./run', "register --name x -- sh -c 'cd /srv && exec ./run'"],
])(
  'a command in one word with blanks, %s, is answered with the line that was meant',
  (word, line) => {
    expect(meantCommandLine('register', ['--name', 'x'], [word])).toContain(
      `write: rarangi ${line}`,
    );
    expect(meantCommandLine('register', [], [word, 'b'])).toBeUndefined();
    expect(meantCommandLine('register', [], ['sleep'])).toBeUndefined();
  },
);

test('a word is near if two letters make the other of it, and less than half of them', () => {
  expect(nearestWord('lokup', COMMANDS)).toBe('lookup');
  expect(nearestWord('serv', COMMANDS)).toBe('serve');
  expect(nearestWord('run', COMMANDS)).toBeNull();
  expect(nearestWord('ls', COMMANDS)).toBeNull();
});
