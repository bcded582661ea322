// Telling a change of the view to very many watches: a bounded part of them in each step.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import { ServerStage } from '../../../support/server-stage.ts';

const STEP_MAX = 1_024;

/** A server with a neighbour, sessions with 256 watches each, and one with a single one. */
function watched(sessions: number): { stage: Turns; link: ConnectionId; last: ConnectionId } {
  const stage = new Turns();
  const link = stage.neighbour('1');
  stage.pass(6_000);
  for (let count = 0; count < sessions; count += 1) watch(stage, stage.client('unix'), 256);
  const last = stage.client('unix');
  watch(stage, last, 1);
  stage.takeAll();
  return { stage, link, last };
}

function watch(stage: ServerStage, client: ConnectionId, watches: number): void {
  for (let request = 1; request <= watches; request += 1) {
    const service = `s${String(request)}` as Name;
    stage.hear(client, { kind: 'watch', request, service, known: [] });
  }
}

/** The views that each step tells, and to whom. */
class Turns extends ServerStage {
  readonly steps: { to: ConnectionId; complete: boolean | undefined }[][] = [];

  override give(input: Parameters<ServerStage['give']>[0]): void {
    super.give(input);
    const views = this.takeAll().flatMap(({ connection: to, message }) =>
      message.kind === 'change' && message.change === 'view'
        ? [{ to, complete: message.complete }]
        : [],
    );
    // The first input is given before there is a list.
    if (views.length > 0) this.steps.push(views);
  }
}

function lose(stage: ServerStage, link: ConnectionId, hosts = 1): void {
  const missing = Array.from({ length: hosts }, (_, index) => `lost${String(index)}` as Name);
  stage.hear(link, { kind: 'view', complete: false, missing: missing.sort() });
}

test('[R116] a new view is told to a part of very many watches in a step, the rest wait', () => {
  const { stage, link, last } = watched(12);

  lose(stage, link);
  stage.pass(10);

  const sizes = stage.steps.map((views) => views.length);
  expect(sizes.length).toBeGreaterThan(2);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(STEP_MAX);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(12 * 256 + 1);
  expect(stage.steps[0]?.[0]).toEqual({ to: last, complete: false });
});

test('[R116] many missing hosts are as much work as many watches', () => {
  const { stage, link } = watched(4);

  lose(stage, link, 256);
  stage.pass(10);

  const sizes = stage.steps.map((views) => views.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(STEP_MAX / 16);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(4 * 256 + 1);
});

test('[R116] who waits is told the view as it is then, and nobody waits for ever', () => {
  const { stage, link, last } = watched(12);
  const latest = new Map<ConnectionId, Set<boolean | undefined>>();

  for (let turn = 0; turn < 12; turn += 1) {
    lose(stage, link, 2 + (turn % 2));
  }
  const told = new Set(stage.steps.flat().map(({ to }) => to));
  stage.hear(link, { kind: 'view', complete: true, missing: [] });
  const [before] = [stage.steps.length];
  stage.pass(10);
  for (const { to, complete } of stage.steps.slice(before - 1).flat()) {
    latest.set(to, (latest.get(to) ?? new Set()).add(complete));
  }

  expect(told.has(last)).toBe(true);
  expect([...latest.values()].every((views) => views.size === 1 && views.has(true))).toBe(true);
  expect(latest.size).toBe(13);
});

test('[R116] a session that ends while it waits is told nothing, and holds up nobody', () => {
  const { stage, link } = watched(12);

  lose(stage, link);
  const waiting = [...stage.state.clients.views.waiting];
  for (const client of waiting) stage.close(client);
  const before = stage.steps.length;
  stage.pass(10);

  expect(waiting.length).toBeGreaterThan(4);
  expect(stage.steps.length).toBe(before);
  expect(stage.state.clients.views.waiting.size).toBe(0);
});

test('[R116] who waits is told the view after a fault as well', () => {
  const { stage, link, last } = watched(12);

  lose(stage, link);
  const reason = 'a bug that somebody met';
  stage.give({ kind: 'faulted', connection: last, unsent: null, isTooLong: false, reason });
  stage.pass(10);

  const told = new Set(stage.steps.flat().map(({ to }) => to));
  expect(told.size).toBe(13);
  expect(stage.state.clients.views.waiting.size).toBe(0);
});
