/** Units beside the code, end-to-end suites in test/. One project: the suites share the transform and the limits. */
/** Transformed because they are ES modules, or load a part of themselves by `import()`, which the runner cannot do by itself. */
const esmPackages = ['jose', '@bokuweb', '@opentelemetry/otlp-exporter-base'];

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts', '**/*.e2e-spec.ts'],
  // The real Codex CLI runs only where somebody asks for its versions: `all`, or a list separated by commas.
  testPathIgnorePatterns: process.env.TEST_CLIENTS ? [] : ['/test/clients/'],
  transform: {
    '^.+\\.(t|m?j)s$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`node_modules/(?!(${esmPackages.join('|')})/)`],
  // It ends what hangs, and says nothing of speed: a busy machine of two cores may take five times as long as a quiet one.
  testTimeout: 120_000,
  maxWorkers: 2,
};
