import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../simulator/simulator';
import { chatBody, post, send } from '../support/calls';
import { freePort } from '../support/free-port';
import { type BuiltImage, builtImage, canIsolate, Container, describeWithImage } from '../support/image';

const key = 'sk-the-key-of-a-container-0123456789';
const describeIsolated = canIsolate() ? describe : describe.skip;

let image: BuiltImage;
let simulator: Simulator;
let folder: string;
const running: Container[] = [];

beforeAll(async () => {
  image = builtImage('gateway');
  simulator = await startSimulator();
}, 180_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codex-gateway-image-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((container) => container.close()));
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => simulator.close());

/** A folder that the user of the image owns, as a new volume is. */
function volume(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { mode: 0o770 });
  own(path);
  return path;
}

/** As Kubernetes hands over an empty volume: the system's own, open to the group of the pod. */
function groupVolume(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  chownSync(path, 0, 65_532);
  chmodSync(path, 0o2770);
  return path;
}

function own(path: string): void {
  if (process.getuid?.() === 0) chownSync(path, 65_532, 0);
}

/** A state volume with a login in it. */
function stateWithLogin(): string {
  const state = volume('state');
  const { path } = simulator.makeAuthFile(join(state, 'codex'));
  for (const one of [join(state, 'codex'), path]) own(one);
  return state;
}

function upstream(): Record<string, string> {
  return {
    CODEX_BASE_URL: simulator.codexUrl,
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: simulator.tokenUrl,
    CODEX_INSTRUCTIONS_BASE_URL: `${simulator.url}/raw`,
    CODEX_RELEASES_URL: `${simulator.url}/releases/latest`,
  };
}

/** Serves in a container of its own, the master key handed over in a file. */
async function served(
  node?: string,
): Promise<{ readonly container: Container; readonly url: string; readonly state: string }> {
  const state = stateWithLogin();
  const run = volume('run');
  mkdirSync(join(run, 'secrets'));
  writeFileSync(join(run, 'secrets', 'master_key'), `${key}\n`);
  const port = String(await freePort());
  const container = Container.run(image, {
    env: { ...upstream(), PORT: port, LITELLM_MASTER_KEY_FILE: '/run/secrets/master_key' },
    volumes: { '/state': { from: state }, '/run': { from: run, ro: true } },
    ...(node === undefined ? {} : { node }),
  });
  running.push(container);
  await container.said(/listening on/);
  return { container, url: `http://127.0.0.1:${port}`, state };
}

describeWithImage('the image', () => {
  it('says what a container engine must know: user, signal, volume, port, commands without a shell', () => {
    const { config } = image;
    expect(config).toMatchObject({ user: '65532:65532', stopSignal: 'SIGTERM', volumes: ['/state'], ports: [4_000] });
    expect(config.entrypoint).toEqual([
      '/usr/local/bin/node',
      '--min-semi-space-size=32',
      '--max-semi-space-size=32',
      '/app/dist/main.js',
    ]);
    expect(config.healthcheck.test[0]).toBe('/usr/local/bin/node');
    for (const name of ['title', 'description', 'licenses', 'version', 'revision', 'created', 'source', 'base.name']) {
      expect(Object.keys(config.labels)).toContain(`org.opencontainers.image.${name}`);
    }
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(config.labels['org.opencontainers.image.version']).toBe(version);
  });

  it('holds the program and its production packages, and neither shell, sources, tests nor tools', () => {
    const app = join(image.folder, 'app');
    expect(readdirSync(app).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json']);
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const packaged = (name: string): boolean => existsSync(join(app, 'node_modules', name, 'package.json'));
    expect(Object.keys(dependencies ?? {}).filter((name) => !packaged(name))).toEqual([]);
    // One that a production package needs as well comes with that.
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const isTool = (name: string): boolean => packages[`node_modules/${name}`]?.dev === true;
    expect(Object.keys(devDependencies ?? {}).filter((name) => isTool(name) && packaged(name))).toEqual([]);
    expect(Object.keys(devDependencies ?? {}).filter(isTool).length).toBeGreaterThan(10);
    for (const place of ['bin', 'sbin', 'usr/bin', 'usr/sbin'])
      expect(existsSync(join(image.folder, place))).toBe(false);
    expect(readdirSync(join(image.folder, 'usr', 'local', 'bin'))).toEqual(['node']);
    const files = readdirSync(app, { recursive: true }).map(String);
    expect(files.filter((file) => /\.(map|d\.ts)$|^dist\/.*\.spec\./.test(file))).toEqual([]);
  });

  it('stays small: packages and program together below 60 MiB', () => {
    const { packages, program } = image.sizes;
    expect((packages + program) / 1_048_576).toBeLessThan(60);
  });

  it('serves from its folder with the Node of this machine too', async () => {
    const state = stateWithLogin();
    const child = spawn(process.execPath, [join(image.folder, 'app', 'dist', 'main.js'), '--port', '0'], {
      cwd: folder,
      env: {
        ...image.config.env,
        ...upstream(),
        HOST: '127.0.0.1',
        HOME: state,
        STATE_DIR: state,
        CODEX_HOME: join(state, 'codex'),
        LITELLM_MASTER_KEY: key,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    const url = await new Promise<string>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /listening on (http:\/\/[\d.:]+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    expect((await post({ url, key }, '/v1/chat/completions', chatBody())).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describeIsolated('a container of the image', () => {
  it.each([
    ['its own Node 24', undefined],
    ['the Node of this machine', process.execPath],
  ])('serves with %s, as nobody in particular, and writes only to its volume', async (_, node) => {
    const { container, url, state } = await served(node);
    const { major } = await nodeVersion(node);
    expect(major).toBe(node === undefined ? 24 : Number(process.versions.node.split('.')[0]));
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    const stream = await post({ url, key }, '/v1/chat/completions', chatBody({ stream: true }));
    expect(stream.status).toBe(200);
    expect(stream.text.trimEnd()).toMatch(/data: \[DONE\]$/);
    expect((await send({ url, key: '' }, '/health/readiness')).json).toMatchObject({ status: 'healthy', degraded: [] });
    expect(readdirSync(state)).toContain('credentials.journal');
    container.signal('SIGTERM');
    expect(await container.finished).toBe(0);
    expect(container.output()).not.toContain(key);
  });

  it('keeps what it renews of a login that came from a read-only seed, and an old seed loses nothing', async () => {
    const seed = volume('seed');
    const { path } = simulator.makeAuthFile(seed, { expiresInSeconds: -60 });
    chownSync(path, 0, 65_532);
    chmodSync(path, 0o440);
    const before = readFileSync(path, 'utf8');
    const state = groupVolume('kept');
    const port = String(await freePort());
    const refreshes = simulator.counts.refreshes;
    for (const round of ['first', 'after a restart with the old seed']) {
      const container = Container.run(image, {
        env: { ...upstream(), PORT: port, LITELLM_MASTER_KEY: key, CODEX_AUTH_FILE: '/run/auth.json' },
        volumes: { '/state': { from: state }, '/run': { from: seed, ro: true } },
      });
      running.push(container);
      await container.said(/listening on/);
      const url = `http://127.0.0.1:${port}`;
      expect([round, (await post({ url, key }, '/v1/chat/completions', chatBody())).status]).toEqual([round, 200]);
      const ready = await send({ url, key: '' }, '/health/readiness');
      expect(ready).toMatchObject({ status: 200, json: { degraded: ['login_file_not_writable'] } });
      container.signal('SIGTERM');
      expect(await container.finished).toBe(0);
    }
    expect(simulator.counts.refreshes - refreshes).toBe(1);
    expect(simulator.counts.reusedTokens).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('cannot write anywhere else, not even as the owner of a folder', async () => {
    const script = `
      const fs = require('node:fs');
      const codes = ['/app/x', '/app/dist/x', '/tmp/x', '/x'].map((path) => {
        try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; }
      });
      fs.writeFileSync('/state/x', '');
      console.log(codes.join());`;
    const command = ['/usr/local/bin/node', '-e', script];
    const { status, output } = await Container.once(image, {
      command,
      volumes: { '/state': { from: volume('state') } },
    });
    expect([status, output]).toEqual([0, 'EROFS,EROFS,EROFS,EROFS\n']);
  });

  it('is healthy for its own check while it serves, and not when nobody listens', async () => {
    const { url, container, state } = await served();
    const check = (port: string): ReturnType<typeof Container.once> =>
      Container.once(image, {
        env: { PORT: port },
        command: image.config.healthcheck.test,
        volumes: { '/state': { from: state } },
      });
    expect(await check(new URL(url).port)).toEqual({ status: 0, output: '' });
    container.signal('SIGTERM');
    await container.finished;
    expect(await check(new URL(url).port)).toEqual({ status: 1, output: '' });
  });

  it('runs the other commands of the program by the words after the image’s name', async () => {
    const { config } = image;
    const volumes = { '/state': { from: volume('state') } };
    const version = await Container.once(image, { command: ['version'], volumes });
    expect(version).toEqual({
      status: 0,
      output: `codex-gateway ${config.labels['org.opencontainers.image.version'] ?? ''}\n`,
    });
    const accounts = await Container.once(image, { command: ['accounts'], volumes });
    expect(accounts.output).toContain('/state/codex/auth.json');
  });

  it('refuses to open the door with an example key, in one clear message', async () => {
    const volumes = { '/state': { from: volume('state') } };
    const { status, output } = await Container.once(image, { env: { LITELLM_MASTER_KEY: 'sk-1234' }, volumes });
    expect(status).toBe(1);
    expect(output).toContain('published example; set a key of your own');
  });

  /** What the container runs on. */
  async function nodeVersion(node: string | undefined): Promise<{ readonly major: number }> {
    const { output } = await Container.once(image, {
      command: ['/usr/local/bin/node', '-p', 'process.versions.node'],
      volumes: { '/state': { from: volume('version') } },
      ...(node === undefined ? {} : { node }),
    });
    return { major: Number(output.split('.')[0]) };
  }
});
