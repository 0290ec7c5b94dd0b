// Nest 12 and several of its friends ship as ES modules only. Jest's native ESM mode does not run them,
// so the tests transpile those packages, and ours, to CommonJS; and one that imports when it is called.
const swc = (esm) => [
  '@swc/jest',
  {
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: esm ? { syntax: 'ecmascript' } : { syntax: 'typescript', decorators: true },
      transform: esm ? {} : { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
  },
];

const esmPackages = [
  '@nestjs', 'file-type', 'strtok3', 'token-types', 'uint8array-extras', '@borewit', '@tokenizer', 'load-esm', 'cookie',
  'uid', 'iterare', 'jose', 'p-limit', 'yocto-queue', 'html-to-text', '@selderee', 'selderee', 'parseley', 'es-toolkit',
  '@opentelemetry/otlp-exporter-base', 'csv-parse', 'content-disposition', 'csv-stringify', 'path-to-regexp',
]; // prettier-ignore

module.exports = {
  testEnvironment: 'node',
  testRegex: '(apps|libs|tools|k6|grafana)/.*\\.(spec|e2e-spec|int-spec)\\.(ts|mjs)$',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  transform: { '^.+\\.ts$': swc(false), '^.+\\.m?js$': swc(true) },
  // The innermost package decides: some of these are nested in others.
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join('|')})/)(?!.*/node_modules/)`],
  moduleNameMapper: { '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts', '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1'] },
  // The first test of a run waits for the server and its templates.
  testTimeout: 90_000,
  maxWorkers: 2,
  // A worker keeps what its suites have loaded: a new one now and then keeps heap snapshots, and the machine, small.
  workerIdleMemoryLimit: '800MB',
  globalSetup: '<rootDir>/apps/api/test/setup/global-setup.mjs',
  globalTeardown: '<rootDir>/apps/api/test/setup/global-teardown.mjs',
};
