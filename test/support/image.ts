import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(__dirname, '..', '..');

const imageSchema = z.object({
  folder: z.string(),
  config: z.object({
    env: z.record(z.string(), z.string()),
    labels: z.record(z.string(), z.string()),
    volumes: z.array(z.string()),
    ports: z.array(z.number()),
    workdir: z.string(),
    user: z.string().regex(/^\d+:\d+$/),
    stopSignal: z.string(),
    entrypoint: z.array(z.string()),
    healthcheck: z.object({ test: z.array(z.string()) }),
  }),
  sizes: z.object({ node: z.number(), packages: z.number(), program: z.number() }),
});

/** Stages of the Dockerfile as folders: the files, and what a container engine would know beside them. */
export type BuiltImage = z.output<typeof imageSchema>;

/** Builds a stage with `scripts/image.mjs`, or finds it built. @throws {Error} with the words of the script. */
export function builtImage(target: 'gateway' | 'simulator'): BuiltImage {
  const script = join(root, 'scripts', 'image.mjs');
  const words = [script, '--target', target, '--json'];
  const output = execFileSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return imageSchema.parse(JSON.parse(output));
}

/** `describe`, for what needs the image: left out where `npm test` could not build it. */
export const describeWithImage = process.env['TEST_NO_IMAGE'] === undefined ? describe : describe.skip;

/** Whether this user may give a process a root folder and mounts of its own, as a container engine does. */
export function canIsolate(): boolean {
  if (process.env['TEST_NO_ISOLATION'] !== undefined) return false;
  return process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0;
}

/** How a container is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Place inside to folder outside; `ro` folders cannot be written. `/state` must be among them. */
  readonly volumes: Readonly<Record<string, { readonly from: string; readonly ro?: boolean }>>;
  /** After the entrypoint; in its place when it begins with `/`. */
  readonly command?: readonly string[];
  /** Another Node than that of the image. */
  readonly node?: string;
}

/** Mounts as a container has them: all of the image read-only, volumes, the system's own folders. Runs in a private namespace. */
const isolate = `
root=$1 workdir=$2 uid=$3 gid=$4 node=$5; shift 5
mount --bind -o ro "$root" "$root"
[ -z "$node" ] || mount --bind "$node" "$root/usr/local/bin/node"
while [ "$1" != -- ]; do mount --bind -o "$1" "$2" "$root$3"; shift 3; done; shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
exec setpriv --no-new-privs unshare --root="$root" --wd="$workdir" --setgid="$gid" --setuid="$uid" -- "$@"
`;

/** A process of an image, run as a container engine would: its user, its environment, a root that cannot be written. */
export class Container {
  private constructor(
    private readonly child: ChildProcess,
    readonly output: () => string,
    /** Settles with the exit status when the process is gone. */
    readonly finished: Promise<number | null>,
  ) {}

  static run(image: BuiltImage, options: RunOptions): Container {
    const { config } = image;
    const { command = [] } = options;
    const words = command[0]?.startsWith('/') === true ? command : [...config.entrypoint, ...command];
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...config.env, ...options.env };
    const child = spawn('unshare', ['--mount', 'sh', '-euc', isolate, 'sh', ...placeOf(image, options), ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    const finished = once(child, 'close').then(() => child.exitCode);
    return new Container(child, () => output, finished);
  }

  /** Runs to its end. */
  static async once(
    image: BuiltImage,
    options: RunOptions,
  ): Promise<{ readonly status: number | null; readonly output: string }> {
    const container = Container.run(image, options);
    return { status: await container.finished, output: container.output() };
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until the process says something. @returns the match. @throws {Error} with its output when it ends before. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(this.output());
        if (found !== null) resolve(found);
      };
      for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', look);
      look();
      void this.finished.then((status) => {
        reject(new Error(`The container ended with ${String(status)}: ${this.output()}`));
      });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it the hard way if it is still there. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.finished;
  }
}

function placeOf({ folder, config }: BuiltImage, { volumes, node = '' }: RunOptions): readonly string[] {
  const [uid = '', gid = ''] = config.user.split(':');
  const mounts = Object.entries(volumes).flatMap(([place, { from, ro }]) => {
    // As a container engine does; it stays behind, empty.
    mkdirSync(join(folder, place), { recursive: true });
    return [ro === true ? 'ro' : 'rw', from, place];
  });
  return [folder, config.workdir, uid, gid, node, ...mounts, '--'];
}
