/** npm run check: format, types, lint, floors, dead code, then every test. Stops at the first that fails. */
import { ensurePackages, run } from './prepare.mjs';

ensurePackages();
for (const step of ['format', 'types', 'lint', 'floors', 'dead']) {
  console.log(`\n== ${step}`);
  run('npm', ['run', '--silent', step]);
}
console.log('\n== test');
run('npm', ['test', '--silent']);
