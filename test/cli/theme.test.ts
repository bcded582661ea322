import { expect, test } from 'vitest';

import { inStateColour, themeFor } from '../../src/cli/theme.ts';

test('there is no colour when nobody looks', () => {
  expect(themeFor({ isTTY: false }, {}).bad('no')).toBe('no');
});

test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('%o takes the colour from a terminal', (env) => {
  expect(themeFor({ isTTY: true }, env).bad('no')).toBe('no');
});

test.each([{}, { NO_COLOR: '' }, { CI: 'true', TERM: 'xterm' }])(
  '%o leaves it its colour',
  (env) => {
    expect(themeFor({ isTTY: true }, env).bad('no')).toBe('\u001B[31mno\u001B[39m');
  },
);

test('a state keeps its word whatever its colour', () => {
  const theme = themeFor({ isTTY: true }, {});

  expect(inStateColour(theme, { text: 'suspect', state: 'suspect' })).toContain('suspect');
});
