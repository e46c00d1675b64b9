import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const deploy = join(__dirname, '..', '..', 'deploy');

/** Users of `deploy/redis/users.acl` that have a password. */
export type RedisRole = 'gateway' | 'reader' | 'operator';

/** How a Redis is started: a command that takes the options of redis-server after its own words. */
export interface RedisProgram {
  readonly command: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Redis as compose file and chart start it: the same script, settings and users, with secrets that the script made. */
export class RedisGuard {
  readonly program: RedisProgram;
  /** Folder that `make-secrets.sh` filled. */
  readonly secrets: string;

  /**
   * @param folder of the test's own, gone with it.
   * @param keyPrefix what the user `gateway` is limited to.
   */
  constructor(
    folder: string,
    readonly keyPrefix: string,
  ) {
    this.secrets = join(folder, 'secrets');
    const run = join(folder, 'run');
    mkdirSync(run);
    execFileSync('sh', [join(deploy, 'make-secrets.sh'), this.secrets]);
    const words = [join(deploy, 'redis', 'start.sh'), join(deploy, 'redis'), this.secrets, run];
    this.program = { command: 'sh', words, env: { REDIS_KEY_PREFIX: keyPrefix } };
  }

  password(role: RedisRole): string {
    return readFileSync(join(this.secrets, `redis_${role}_password`), 'utf8').trim();
  }
}
