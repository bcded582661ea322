// Every scenario of what broke earlier versions of the rules, as a story that now goes well.

import { expect, test } from 'vitest';
import * as life from './stories-life.ts';
import * as links from './stories-links.ts';
import * as split from './stories-split.ts';

for (const [name, tell] of Object.entries({ ...life, ...links, ...split })) {
  test(name, () => {
    expect(tell()).toEqual([]);
  });
}
