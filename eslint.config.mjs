import tseslint from 'typescript-eslint';

const restrictedSyntax = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that declares it.' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: "CallExpression[callee.name='forwardRef']", message: 'A circle: move the shared part one floor down.' },
];
const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'The environment is read once, in src/config/env.schema.ts.',
};

/** Long lines would hide how long a file is; a list of words or numbers is easier to read in rows than one to a line. */
const listsOnlyIgnorePrettier = {
  create: (context) => ({
    Program() {
      for (const { value, loc } of context.sourceCode.getAllComments()) {
        const isOfList = /^\s*\]/.test(context.sourceCode.lines[loc.start.line - 1]);
        if (value.trim() === 'prettier-ignore' && !isOfList)
          context.report({ loc, message: 'Only behind the bracket that closes a list of words or numbers.' });
      }
    },
  }),
};

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', '.cache', 'test/fixtures', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { house: { rules: { 'lists-only-ignore-prettier': listsOnlyIgnorePrettier } } },
    rules: {
      'house/lists-only-ignore-prettier': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 12],
      'max-params': ['error', 4],
      'max-depth': ['error', 3],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...restrictedSyntax, environment],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // Who implements the port listens to what it wants to hear; the rest is told to nobody.
    files: ['src/kernel/observer.ts'],
    rules: { '@typescript-eslint/no-empty-function': ['error', { allow: ['methods'] }] },
  },
  {
    files: ['src/config/env.schema.ts', 'src/main.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restrictedSyntax] },
  },
  {
    files: ['src/kernel/**', 'src/protocol/**'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'setTimeout', 'setInterval', 'process'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes in as an argument.' },
        { object: 'Math', property: 'random', message: 'Randomness comes in as an argument.' },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', 'test/**', 'bench/**'],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-syntax': ['error', ...restrictedSyntax],
      'no-console': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
);
