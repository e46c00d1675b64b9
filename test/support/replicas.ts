import { type TimeLimits } from '../../src/config/time-limits';
import { type Simulator } from '../simulator/simulator';
import { testKey } from './gateway';
import { ProgramBench, type ProgramEnv, type Served } from './program';
import { RedisServer } from './redis-server';

/** How the processes of a suite are started. */
export interface ReplicaOptions {
  readonly times?: Partial<TimeLimits>;
  readonly env?: ProgramEnv;
  /** Further words for redis-server. */
  readonly redis?: readonly string[];
}

/** Real gateway processes in front of one simulator, on one real Redis of their own. */
export class Replicas {
  readonly all: Served[] = [];

  private constructor(
    private readonly program: ProgramBench,
    readonly redis: RedisServer,
    private readonly options: ReplicaOptions,
  ) {}

  static async start(count: number, options: ReplicaOptions = {}): Promise<Replicas> {
    const [program, redis] = await Promise.all([ProgramBench.start(), RedisServer.start(...(options.redis ?? []))]);
    const replicas = new Replicas(program, redis, options);
    replicas.all.push(...(await Promise.all(Array.from({ length: count }, () => replicas.serve()))));
    return replicas;
  }

  /** One more process. */
  serve(): Promise<Served> {
    const { times, env } = this.options;
    return this.program.serve([], {
      ...this.redis.env,
      NODE_ENV: 'test',
      GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite',
      CODEX_GATEWAY_TIMES: JSON.stringify({ connectMs: 10_000, ...times }),
      ...env,
    });
  }

  get simulator(): Simulator {
    return this.program.simulator;
  }

  /** For the operator. @param at which process is asked. */
  admin(at = 0): { readonly url: string; readonly key: string } {
    return { url: this.all[at]?.url ?? '', key: testKey };
  }

  async close(): Promise<void> {
    this.redis.thaw();
    await this.program.close();
    await this.redis.close();
  }
}

/** A sequence of numbers from 0 to below 1 that a seed decides. */
export function random(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
