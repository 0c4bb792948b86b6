// Rooms in the order of docs/architecture.md: a room imports only from rooms before it.
const rooms = [
  'kernel', 'store', 'sources', 'spec', 'host', 'compat', 'lock', 'layers', 'image',
  'engine', 'workspace', 'doctor', 'job', 'serve', 'dashboard', 'cli',
];
const oneWay = rooms.map((room, index) => ({
  name: `${room}-imports-only-earlier-rooms`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${rooms.slice(index + 1).join('|') || 'none'})/` },
}));
const frontDoor = {
  name: 'through-the-front-door',
  comment: "Another room is entered through its index.ts; the CLI's lazy imports may name a file.",
  severity: 'error',
  from: { path: '^src/([^/]+)/', pathNot: '^src/cli/|[.]test[.]ts$' },
  to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index[.]ts$'] },
};
module.exports = {
  forbidden: [
    ...oneWay,
    frontDoor,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-test-imports', severity: 'error', from: { pathNot: '[.]test[.]ts$|^tests/|^bench/' }, to: { path: '[.]test[.]ts$|^tests/' } },
    { name: 'no-dev-dependencies', severity: 'error', from: { path: '^src/', pathNot: '[.]test[.]ts$' }, to: { dependencyTypes: ['npm-dev'] } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
