import { expect, test } from 'vitest';

import { inStateColour, themeFor } from '../../src/cli/theme.ts';

test('there is no colour when nobody looks', () => {
  expect(themeFor({ isTTY: false }, undefined).bad('no')).toBe('no');
});

test('NO_COLOR takes the colour from a terminal', () => {
  expect(themeFor({ isTTY: true }, '1').bad('no')).toBe('no');
});

test('a state keeps its word whatever its colour', () => {
  const theme = themeFor({ isTTY: true }, undefined);

  expect(inStateColour(theme, { text: 'suspect', state: 'suspect' })).toContain('suspect');
});
