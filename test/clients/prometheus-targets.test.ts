// Prometheus, which finds its targets by HTTP: what it scrapes while services and servers come and go.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import type { Running, Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';

const canRun = needs('prometheus');

/** A target, as the page of targets shows it. */
interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly discoveredLabels: Readonly<Record<string, string>>;
}

interface World {
  readonly host: string;
  serve(words?: readonly string[]): Promise<Running>;
  /** Resolves with the targets, when they are as many. */
  targets(count: number): Promise<readonly Target[]>;
  /** Resolves when Prometheus has asked for them so many times more, and how many failed of all. */
  asked(times: number): Promise<number>;
}

async function startWorld(stage: Stage): Promise<World> {
  const host = stage.address();
  const page = `${stage.address()}:9090`;
  const config = join(stage.folder, 'prometheus.yml');
  const url = `http://${host}:17348/v1/prometheus?gone=15m`;
  const lines = [
    'scrape_configs:',
    '- job_name: services',
    '  scrape_interval: 1h',
    `  http_sd_configs: [{ url: '${url}', refresh_interval: 1s }]`,
    '  relabel_configs:',
    '  - { source_labels: [__meta_rarangi_service], target_label: service }',
    '  - { source_labels: [__meta_rarangi_state], target_label: state }',
  ];
  await writeFile(config, lines.join('\n'));
  const storage = `--storage.tsdb.path=${join(stage.folder, 'storage')}`;
  const words = [`--config.file=${config}`, storage, `--web.listen-address=${page}`];
  stage.spawn(['prometheus', ...words]);
  const own = async (name: string): Promise<number> => {
    const text = await fetch(`http://${page}/metrics`).then(
      (response) => response.text(),
      () => '',
    );
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  return {
    host,
    serve: async (given = []) => {
      const words = ['serve', '--log-format=json', '--host=h1', `--bind=${host}`, ...given];
      const server = stage.start(words);
      await server.said({ event: 'server-started' });
      return server;
    },
    targets: async (count) =>
      await eventually(
        () => `${String(count)} targets`,
        async () => {
          const response = await fetch(`http://${page}/api/v1/targets`).catch(() => null);
          if (response?.ok !== true) return undefined;
          const { data } = (await response.json()) as { data: { activeTargets: Target[] } };
          return data.activeTargets.length === count ? data.activeTargets : undefined;
        },
      ),
    asked: async (times) => {
      const name = 'prometheus_sd_http_failures_total';
      const before = await own(name);
      return await eventually(
        () => 'failures of discovery',
        async () => {
          const failed = await own(name);
          return failed >= before + times ? failed : undefined;
        },
      );
    },
  };
}

test.skipIf(!canRun)(
  'Prometheus sees what is there, what was lost, and no more what was given up',
  async ({ stage }) => {
    const world = await startWorld(stage);
    await world.serve();
    const words = ['--name=web', `--server=${world.host}`, '--log-format=json', '--tag=v-1=7'];
    const offer = async (port: number): Promise<Running> => {
      const service = stage.start(['register', `--port=${String(port)}`, ...words]);
      await service.said({ event: 'registered' });
      return service;
    };
    const [lost, left] = [await offer(8000), await offer(8001), await offer(8002)];

    const found = await world.targets(3);
    await left.end('SIGTERM');
    await world.targets(2);
    await lost.end('SIGKILL');
    const shown = await eventually(
      () => 'a target that is gone',
      async () => {
        const targets = await world.targets(2);
        return targets.some(({ labels }) => labels['state'] === 'gone') ? targets : undefined;
      },
    );

    const first = found.find(({ labels }) => labels['instance'] === `${world.host}:8000`);
    expect(first?.labels).toEqual({
      instance: `${world.host}:8000`,
      job: 'services',
      service: 'web',
      state: 'live',
    });
    expect(first?.discoveredLabels).toMatchObject({
      __meta_rarangi_host: 'h1',
      __meta_rarangi_environment: 'development',
      __meta_rarangi_tag_v_1: '7',
      __meta_rarangi_tags: ',v-1=7,',
    });
    const states = new Map(shown.map(({ labels }) => [labels['instance'], labels['state']]));
    expect(states).toEqual(
      new Map([
        [`${world.host}:8000`, 'gone'],
        [`${world.host}:8002`, 'live'],
      ]),
    );
  },
);

test.skipIf(!canRun)(
  'Prometheus keeps a thousand targets while servers restart, are gone, and know nothing yet',
  async ({ stage }) => {
    const world = await startWorld(stage);
    const [a, b] = [await world.serve(), await world.serve()];
    const holder = join(import.meta.dirname, 'offering.js');
    const service = stage.spawn([process.execPath, holder, 'web', '1', '1000', world.host]);
    await service.said({ event: 'registered' });
    await world.targets(1_000);

    await a.end('SIGTERM');
    const second = await world.serve();
    await second.said({ event: 'view-complete' });
    await b.end('SIGTERM');
    const third = await world.serve();
    await third.said({ event: 'view-complete' });
    await world.targets(1_000);
    await service.end('SIGKILL');
    await Promise.all([second.end('SIGKILL'), third.end('SIGKILL')]);
    await world.asked(2);
    const kept = await world.targets(1_000);
    // The other host is not there: what this one knows is not all.
    await world.serve([`--peer=${stage.address()}`]);
    await eventually(
      () => 'an answer that says nothing',
      async () => {
        const url = `http://${world.host}:17342/v1/prometheus`;
        const status = await fetch(url).then(
          (response) => response.status,
          () => 0,
        );
        return status === 503 ? true : undefined;
      },
    );
    await world.asked(2);
    const still = await world.targets(1_000);

    expect([kept.length, still.length]).toEqual([1_000, 1_000]);
  },
);
