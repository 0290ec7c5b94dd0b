/** The boundaries of the tree: what may import what. Every rule is an error. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule('libs-know-no-apps', 'A library must be usable by another application.', { path: '^libs/' }, { path: '^apps/' }),
    rule(
      'libs-meet-only-in-common',
      'Libraries do not call each other: they meet in libs/common.',
      { path: '^libs/([^/]+)/' },
      { path: '^libs/', pathNot: '^libs/($1|common)/' },
    ),
    rule(
      'public-surface-only',
      'The application uses what a library exports, not its files.',
      { path: '^apps/' },
      { path: '^libs/', pathNot: '^libs/[^/]+/(src/index\\.ts$|test/)' },
    ),
    rule(
      'own-repository-only',
      'A feature reaches the data of another one through its service.',
      { path: '^apps/api/src/(.+)/[^/]+$' },
      { path: '\\.repository\\.ts$', pathNot: '^apps/api/src/$1/' },
    ),
    rule(
      'common-imports-nothing',
      'libs/common holds contracts only.',
      { path: '^libs/common/src/', pathNot: '\\.spec\\.ts$' },
      { pathNot: ['^libs/common/src/', '^node:'], dependencyTypesNot: ['core'] },
    ),
    rule(
      'config-reads-the-environment',
      'Features are given their configuration.',
      { path: '^apps/api/src/[^/]+/', pathNot: '\\.spec\\.ts$' },
      { path: '^apps/api/src/config\\.ts$', dependencyTypesNot: ['type-only'] },
    ),
    rule('no-cycles', 'A cycle means that two files are one.', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    rule('no-orphan-specs-in-source', 'Source never imports a test.', { pathNot: '(spec\\.ts$|/test/)' }, { path: '(spec\\.ts$|/test/)' }),
    rule('resolvable', 'Every import resolves.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
