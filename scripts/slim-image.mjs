/**
 * node scripts/slim-image.mjs FOLDER: removes what nothing reads at run time, so that the image stays small: type
 * declarations, source maps, manuals, the browser UI that swagger brings, headers and objects of the native build.
 * Licences stay.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const unread = /^(?!(licen[cs]e|notice|copying)).*\.(d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/i;
const packages = ['swagger-ui-dist', '@types', 'nan', '.package-lock.json', 'fs-ext/build/Release/obj.target'];

const [folder] = process.argv.slice(2);
if (!folder || !existsSync(folder)) {
  console.error('Usage: node scripts/slim-image.mjs FOLDER');
  process.exit(2);
}
for (const name of packages) rmSync(join(folder, name), { recursive: true, force: true });
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && unread.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}
