import { expect, test } from 'vitest';

import { harmless } from '../../src/cli/harmless.ts';
import { journalLine, logJson, logLine } from '../../src/cli/log-lines.ts';
import { themeFor } from '../../src/cli/theme.ts';

const TIME = new Date(0);
const theme = themeFor({ isTTY: false });

test('a line has its time, its level and its message', () => {
  const line = logLine(
    { event: 'lost', level: 'warn', message: 'lost it', fields: {} },
    TIME,
    theme,
  );

  expect(line).toBe('1970-01-01T00:00:00.000Z warn  lost it');
});

test('however a line is written, long times are in seconds', () => {
  const event = { event: 'slow', level: 'warn', message: 'for 1000 ms', fields: {} } as const;

  const lines = [logLine(event, TIME, theme), journalLine(event), logJson(event, TIME)];

  for (const line of lines) expect(line).toContain('for 1 s');
});

test('text from elsewhere cannot forge a second line', () => {
  const message = 'bad\nname\u001b[2J';

  const line = logLine({ event: 'lost', level: 'warn', message, fields: {} }, TIME, theme);

  expect(line).toContain('bad\\nname\\u001b[2J');
});

test('text from elsewhere neither turns a line about nor begins one that is not there', () => {
  const message = '\u202eoof\u2066\u2028time error forged\u009b2J';

  const line = logLine({ event: 'lost', level: 'warn', message, fields: {} }, TIME, theme);

  expect(line).toContain('\\u202eoof\\u2066\\u2028time error forged\\u009b2J');
});

test('a text that is made harmless in JSON stays the same value', () => {
  const value = { text: 'a\u202e\u2029\u0085b "\\u202e"', plain: 'äß→…' };

  const line = harmless(JSON.stringify(value));

  expect(JSON.parse(line)).toEqual(value);
  expect(line).not.toMatch(/[\u0080-\u009f\u2028-\u202e]/);
  expect(line).toContain('äß→…');
});

test('a line of JSON carries the fields, which replace none of its own', () => {
  const fields = { server: 'h1-a', level: 'none' };

  const line = logJson({ event: 'lost', level: 'warn', message: 'lost it', fields }, TIME);

  expect(JSON.parse(line)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    event: 'lost',
    message: 'lost it',
    server: 'h1-a',
  });
});

test('a line for journald has its priority instead of a time', () => {
  const message = 'bad\nname';

  const lines = (['debug', 'info', 'warn', 'error'] as const).map((level) =>
    journalLine({ event: 'lost', level, message, fields: {} }),
  );

  expect(lines).toEqual([7, 6, 4, 3].map((priority) => `<${priority}>bad\\nname`));
});
