// Who may import whom. Each layer lists what it may see; all else is forbidden, and so are cycles.
// The table is the same as in ARCHITECTURE.md. Types count like values, but for `index`, which may
// take any type of the core and no value but the notices.

const npm = (...names) => names.map((name) => `^node_modules/${name}/`);
const nodeBuiltins = '^(node:|[a-z_/0-9]+$)';

const MAY_IMPORT = [
  { layer: 'protocol', from: '^src/protocol/', to: ['^src/protocol/', ...npm('cbor-x')] },
  {
    layer: 'core',
    from: '^src/core/',
    to: [
      '^src/core/',
      '^src/protocol/(address|constants|errors|ids|many|measure|messages|parts|records|scalars|schema|texts)\\.ts$',
    ],
  },
  {
    layer: 'answers',
    from: '^src/answers/',
    to: ['^src/answers/', '^src/core/client/matching\\.ts$', '^src/protocol/'],
  },
  {
    layer: 'doors',
    from: '^src/doors/',
    to: ['^src/(doors|answers|protocol)/', '^src/core/client/matching\\.ts$'],
  },
  { layer: 'io', from: '^src/io/', to: ['^src/(io|doors|answers|core|protocol)/', nodeBuiltins] },
  { layer: 'index', from: '^src/index\\.ts$', to: ['^src/(io|answers|core|protocol)/'] },
  {
    layer: 'sidecar',
    from: '^src/sidecar/',
    to: ['^src/sidecar/', '^src/index\\.ts$', '^src/core/kit/sentences\\.ts$', nodeBuiltins],
  },
  {
    layer: 'cli',
    from: '^src/cli/',
    to: [
      '^src/(cli|answers)/',
      '^src/index\\.ts$',
      ...npm('@oclif/core', 'chalk', 'listr2'),
      nodeBuiltins,
    ],
  },
  {
    layer: 'page',
    from: '^src/page/',
    to: ['^src/(page|doors|answers)/', ...npm('preact')],
  },
  {
    layer: 'commands',
    from: '^src/commands/',
    to: ['^src/(cli|sidecar|answers)/', '^src/index\\.ts$', ...npm('@oclif/core')],
  },
];

/**
 * The rooms of a layer, from the ground up: each may import the ones before it, and itself. What is
 * in no room (a contract that all share, or the parts of a server that all its rooms see) is free.
 */
const CORE_FLOORS = [
  '^src/core/kit/',
  '^src/core/catalogue/',
  '^src/core/server/origins/',
  '^src/core/server/replication/',
  '^src/core/server/links/',
  '^src/core/server/sessions/',
  '^src/core/server/(dispatch|sleep|stop|server)\\.ts$',
];

const IO_FLOORS = [
  '^src/io/(deferred|emitter|rarangi-error)\\.ts$',
  '^src/io/machine/',
  '^src/io/tls/',
  '^src/io/doors/',
  '^src/io/(client|server)/',
];

const floors = [CORE_FLOORS, IO_FLOORS].flatMap((rooms) =>
  rooms.slice(0, -1).map((room, index) => ({
    name: `floor-${room.replaceAll(/\W+/g, '-')}`,
    severity: 'error',
    from: { path: room },
    to: { path: rooms.slice(index + 1) },
  })),
);

const layers = MAY_IMPORT.map(({ layer, from, to }) => ({
  name: `layer-${layer}`,
  severity: 'error',
  from: { path: from },
  to: { pathNot: to },
}));

export default {
  forbidden: [
    ...layers,
    ...floors,
    {
      name: 'kit-stands-on-the-ground',
      severity: 'error',
      from: { path: '^src/core/kit/' },
      to: { path: '^src/core/', pathNot: '^src/core/kit/' },
    },
    {
      name: 'client-and-server-know-nothing-of-each-other',
      severity: 'error',
      from: { path: '^src/(core|io)/(client|server)/' },
      to: { path: '^src/$1/(client|server)/', pathNot: '^src/$1/$2/' },
    },
    {
      name: 'sending-and-receiving-know-nothing-of-each-other',
      severity: 'error',
      from: { path: '^src/core/server/replication/(sending|receiving)/' },
      to: {
        path: '^src/core/server/replication/(sending|receiving)/',
        pathNot: '^src/core/server/replication/$1/',
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'cbor-x-in-codec-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/protocol/codec\\.ts$' },
      to: { path: npm('cbor-x') },
    },
    {
      name: 'index-takes-types-of-the-core',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: {
        path: '^src/core/',
        pathNot: '^src/core/notices\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'production-needs-no-tools',
      severity: 'error',
      // What the page needs is built into it.
      from: { path: '^(src|bin)/', pathNot: '^src/page/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'nothing-imports-tests-or-programs',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bin)/' },
    },
    { name: 'all-found', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules|^dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
};
