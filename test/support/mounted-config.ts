import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder as Kubernetes mounts a ConfigMap: `config.yaml` leads through the link `..data` into a folder of its version, and
 * an update swaps that link.
 */
export class MountedConfig {
  /** What `--config` names. */
  readonly path: string;
  private version = 0;

  constructor(
    private readonly folder: string,
    text: string,
  ) {
    mkdirSync(folder);
    this.update(text);
    symlinkSync(join('..data', 'config.yaml'), join(folder, 'config.yaml'));
    this.path = join(folder, 'config.yaml');
  }

  /** Takes the file away. */
  remove(): void {
    rmSync(this.path);
  }

  /** Puts another content in place, at once and as a whole, and takes the old version away. */
  update(text: string): void {
    const [old, next] = [`..v${this.version}`, `..v${this.version + 1}`];
    this.version += 1;
    mkdirSync(join(this.folder, next));
    writeFileSync(join(this.folder, next, 'config.yaml'), text);
    symlinkSync(next, join(this.folder, '..data_tmp'));
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'));
    rmSync(join(this.folder, old), { recursive: true, force: true });
  }
}
