// Every story of this folder, told anew and compared with its file. When a change is meant, `npx
// vitest run test/transcripts -u` writes the stories again; commit the difference only if you
// understand it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tell } from './tell.ts';

const stories = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.txt'));

for (const story of stories) {
  test(`the story of ${story} goes as it is written`, async () => {
    const path = join(import.meta.dirname, story);

    const told = tell(readFileSync(path, 'utf8'));

    await expect(told).toMatchFileSnapshot(path);
  });
}
