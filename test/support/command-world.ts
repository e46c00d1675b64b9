import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../simulator/simulator';
import { RedisServer } from './redis-server';

type Env = Readonly<Record<string, string>>;

/** What a command is run under: its words, and a home that holds nothing else. */
interface Conditions {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly homeDir: string;
  readonly env: Env;
}

/** Commands of one suite: each test has a folder of its own, and what it prints is kept instead of shown. */
export class CommandWorld {
  folder = '';
  /** What was printed since the test began, or since it was emptied. */
  out = '';
  err = '';
  /** Called with each part of standard output. */
  heard: (part: string) => void = () => undefined;

  /** To be made where tests are declared. @param envOf variables beside those that every command needs. */
  constructor(
    name: string,
    private readonly envOf: (folder: string) => Env = () => ({}),
  ) {
    beforeEach(() => {
      this.folder = mkdtempSync(join(tmpdir(), `${name}-`));
      [this.out, this.err] = ['', ''];
      this.heard = () => undefined;
      jest.spyOn(process.stdout, 'write').mockImplementation((part) => {
        this.out += String(part);
        this.heard(String(part));
        return true;
      });
      jest.spyOn(process.stderr, 'write').mockImplementation((part) => {
        this.err += String(part);
        return true;
      });
    });
    afterEach(() => {
      jest.restoreAllMocks();
      rmSync(this.folder, { recursive: true });
    });
  }

  readonly conditions = (argv: readonly string[], env: Env = {}): Conditions => ({
    argv,
    cwd: this.folder,
    homeDir: this.folder,
    env: {
      STATE_DIR: join(this.folder, 'state'),
      LITELLM_MASTER_KEY: 'sk-test-master-key-0001',
      ...this.envOf(this.folder),
      ...env,
    },
  });
}

/** A Redis of a `describe`, and the variables by which commands find it, with a prefix of each test's own. */
export interface CommandRedis {
  readonly server: RedisServer;
  readonly env: Env;
}

/** Commands that sign in and out at a simulator. */
export class LoginWorld extends CommandWorld {
  private host: Simulator | undefined;

  constructor(name: string, envOf: (folder: string) => Env) {
    super(name, (folder) => ({ CODEX_REFRESH_TOKEN_URL_OVERRIDE: this.simulator.tokenUrl, ...envOf(folder) }));
    beforeAll(async () => {
      this.host = await startSimulator();
    });
    afterEach(() => {
      this.simulator.reset();
    });
    afterAll(() => this.simulator.close());
  }

  get simulator(): Simulator {
    if (this.host === undefined) throw new Error('the simulator does not run yet');
    return this.host;
  }

  /** The code of a login in what was printed. */
  codeIn(text: string): string | undefined {
    return /[0-9A-F]{4}-[0-9A-F]{4}/.exec(text)?.[0];
  }

  /** To be called in a `describe`. */
  withRedis(): CommandRedis {
    let running: RedisServer | undefined;
    let env: Env = {};
    const server = (): RedisServer => {
      if (running === undefined) throw new Error('Redis does not run yet');
      return running;
    };
    beforeAll(async () => {
      running = await RedisServer.start();
    });
    afterAll(() => server().close());
    beforeEach(() => {
      const { keyPrefix } = server().settings();
      env = { ...server().env, REDIS_KEY_PREFIX: keyPrefix, GATEWAY_SALT_KEY: 'salt-for-tests-000001' };
    });
    return {
      get server() {
        return server();
      },
      get env() {
        return env;
      },
    };
  }
}

/** Runs something and keeps what it prints to standard output. @returns its result, and that. */
export async function printedBy<Result>(work: () => Promise<Result>): Promise<readonly [result: Result, told: string]> {
  let told = '';
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((part) => {
    told += String(part);
    return true;
  });
  try {
    const result = await work();
    return [result, told];
  } finally {
    spy.mockRestore();
  }
}
