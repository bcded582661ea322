// A few sidecars that flap for a few seconds; flap.soak.test.ts has more of it.

import { expect } from 'vitest';
import { test } from '../support/processes.ts';
import { flap } from './flap.ts';

test('sidecars flap over servers that restart in turn: a watch tells each change once', async ({
  stage,
}) => {
  const load = { sidecarsCount: 6, milliseconds: 8_000, lifeMsMax: 3_000 };

  const outcome = await flap(stage, load);

  expect(outcome).toEqual({ untrue: { flap: [], 'fl*': [] }, missesCount: 0, codes: [0, 0] });
});
