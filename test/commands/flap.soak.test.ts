// Fifty sidecars flap for two minutes.

import { expect } from 'vitest';
import { test } from '../support/processes.ts';
import { flap } from './flap.ts';

test('fifty sidecars flap over servers that restart in turn: a watch tells each change once', async ({
  stage,
}) => {
  const load = { sidecarsCount: 50, milliseconds: 120_000, lifeMsMax: 40_000 };

  const outcome = await flap(stage, load);

  expect(outcome).toEqual({ untrue: { flap: [], 'fl*': [] }, missesCount: 0, codes: [0, 0] });
});
