import { existsSync } from 'node:fs';
import { type Fault } from './config-fault';
import { absolutePath } from './file-paths';
import { type HookModule } from './settings';
import { sectionsOf, type SettingsSources } from './settings-sources';
import { type KeyPath } from './yaml-source';

/** The hook modules of all sections, each once. */
export interface HookPathsReading {
  readonly modules: readonly HookModule[];
  readonly faults: readonly Fault[];
}

/** Reads `codex_hooks`. A file that is not there is a fault: found out now, and not when the door is about to open. */
export function readHookPaths({ file, places }: SettingsSources): HookPathsReading {
  const { top, litellm, general } = sectionsOf(file);
  const written: readonly (readonly [KeyPath, readonly string[]])[] = [
    [['codex_hooks'], top.codex_hooks ?? []],
    [['litellm_settings', 'codex_hooks'], litellm.codex_hooks ?? []],
    [['general_settings', 'codex_hooks'], general.codex_hooks ?? []],
  ];
  const found = new Map<string, KeyPath>();
  for (const [place, paths] of written) {
    for (const path of paths) {
      const absolute = absolutePath(path, places.fileDir, places.homeDir);
      if (!found.has(absolute)) found.set(absolute, place);
    }
  }
  const missing = [...found].filter(([path]) => !existsSync(path));
  return {
    modules: [...found.keys()].map((path) => ({ path })),
    faults: missing.map(([path, place]) => ({
      place: file?.placeOf(place) ?? 'codex_hooks',
      message: `the file ${path} is missing`,
    })),
  };
}
