/** The rooms of each floor, lowest first. */
const floors = require('./scripts/floors.cjs').map((rooms) => Object.keys(rooms));
const anyOf = (names) => `^src/(${names.join('|')})/`;

const noLookingUp = floors.slice(0, -1).map((floor, level) => ({
  name: `${floor.join('-')}-looks-up`,
  severity: 'error',
  from: { path: anyOf(floor), pathNot: '\\.spec\\.ts$' },
  to: { path: [anyOf(floors.slice(level + 1).flat()), '^src/[^/]+\\.ts$'] },
}));
const noNeighbours = floors
  .flatMap((floor) => floor.map((folder) => ({ folder, floor })))
  .filter(({ floor }) => floor.length > 1)
  .map(({ folder, floor }) => ({
    name: `${folder}-visits-a-neighbour`,
    severity: 'error',
    from: { path: `^src/${folder}/`, pathNot: '\\.spec\\.ts$' },
    to: { path: anyOf(floor), pathNot: [`^src/${folder}/`] },
  }));

module.exports = {
  forbidden: [
    ...noLookingUp,
    ...noNeighbours,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/main\\.ts$' },
      to: {},
    },
    {
      name: 'pure-floors-do-no-io',
      severity: 'error',
      from: { path: '^src/(kernel|protocol)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'redis-only-in-state',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/state/|/redis-[^/]+\\.ts$' },
      to: { path: 'node_modules/ioredis/' },
    },
    {
      name: 'sockets-only-in-outbound',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/outbound/|\\.spec\\.ts$' },
      to: {
        path: 'node_modules/undici/|^node:(http|https|net|tls)$|^(http|https|net|tls)$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'src-never-imports-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/|\\.spec\\.ts$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
