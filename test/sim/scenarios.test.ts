// Every scenario of what broke earlier versions of the rules, as a story that now goes well.

import { expect, test } from 'vitest';
import * as split from './stories-split.ts';

for (const [name, tell] of Object.entries(split)) {
  test(name, () => {
    expect(tell()).toEqual([]);
  });
}
