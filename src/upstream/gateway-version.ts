import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const packageSchema = z.object({ version: z.string().min(1) });

/** Version of this gateway, from its `package.json`: two folders up, from the sources and from the build alike. */
export function gatewayVersion(): string {
  return packageSchema.parse(JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'))).version;
}
