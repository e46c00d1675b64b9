import { execFileSync } from 'node:child_process';
import { parse } from 'yaml';
import { z } from 'zod';

const serviceSchema = z.object({
  image: z.string(),
  profiles: z.array(z.string()),
  build: z.object({ target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.object({ published: z.coerce.string(), target: z.number() }).or(z.string())).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  secrets: z.array(z.object({ source: z.string() })).default([]),
  networks: z.record(z.string(), z.object({ aliases: z.array(z.string()).optional() }).nullable()),
  depends_on: z.record(z.string(), z.unknown()).default({}),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  cap_add: z.array(z.string()).optional(),
  privileged: z.boolean().optional(),
  security_opt: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  mem_limit: z.coerce.string().optional(),
});

const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
});

/** A service of docker-compose.yml after docker-compose has read it. */
export type ComposeService = z.output<typeof serviceSchema>;

/** docker-compose.yml after docker-compose has read it. */
export type ComposeFile = z.output<typeof composeSchema>;

/** `describe`, for what needs docker-compose: left out where `npm test` found none. */
export const describeWithCompose = process.env['TEST_NO_COMPOSE'] === undefined ? describe : describe.skip;

/** What `docker-compose config` makes of the file. @throws {Error} with its words when it refuses it. */
export function composeFile(profile: 'default' | 'demo', env: Readonly<Record<string, string>> = {}): ComposeFile {
  const output = execFileSync('docker-compose', ['--profile', profile, 'config'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = composeSchema.parse(parse(output));
  const inProfile = Object.entries(file.services).filter(([, service]) => service.profiles.includes(profile));
  return { ...file, services: Object.fromEntries(inProfile) };
}
