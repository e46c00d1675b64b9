import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { at, listAt, type Manifest, ofKind } from './chart';

/** What Secrets hold that the chart does not make itself: by name, then by key. */
export type SecretContents = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A pod as its node would lay it out: files of its ConfigMaps and Secrets in folders, and the environment of a container. */
export interface LaidOutPod {
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** Folder that stands for a place in the container. */
  readonly placeOf: (mountPath: string) => string;
}

/**
 * Lays out the first container of a Deployment or StatefulSet below a folder; places inside become folders there, also
 * where the environment and the words of the command name them.
 */
export function layOut(
  manifests: readonly Manifest[],
  owner: Manifest,
  folder: string,
  secrets: SecretContents = {},
): LaidOutPod {
  const spec = at(owner, 'spec.template.spec');
  const mounts = listAt(spec, 'containers.0.volumeMounts').map((mount) => ({
    name: String(at(mount, 'name')),
    place: String(at(mount, 'mountPath')),
  }));
  for (const { name, place } of mounts) {
    const volume = listAt(spec, 'volumes').find((each) => at(each, 'name') === name);
    mkdirSync(join(folder, place), { recursive: true });
    for (const [path, text] of filesOf(volume, manifests, secrets)) {
      mkdirSync(dirname(join(folder, place, path)), { recursive: true });
      writeFileSync(join(folder, place, path), text);
    }
  }
  const inFolder = (text: string): string => {
    const [mount] = mounts.filter(({ place }) => text === place || text.startsWith(`${place}/`));
    return mount === undefined ? text : join(folder, text);
  };
  const env = listAt(spec, 'containers.0.env').map((each) => [
    String(at(each, 'name')),
    inFolder(String(at(each, 'value'))),
  ]);
  const words = [...listAt(spec, 'containers.0.command'), ...listAt(spec, 'containers.0.args')].map(String);
  return {
    env: Object.fromEntries(env) as Record<string, string>,
    words: words.map(inFolder),
    placeOf: (place) => join(folder, place),
  };
}

/** Files of a volume: path and text. */
function filesOf(
  volume: unknown,
  manifests: readonly Manifest[],
  secrets: SecretContents,
): readonly (readonly [string, string])[] {
  const config = at(volume, 'configMap');
  if (config !== undefined) return Object.entries(picked(textsOf(manifests, 'ConfigMap', at(config, 'name')), config));
  const secret = at(volume, 'secret');
  if (secret !== undefined)
    return Object.entries(picked(secretOf(manifests, at(secret, 'secretName'), secrets), secret));
  return listAt(volume, 'projected.sources').flatMap((source) => {
    const part = at(source, 'secret');
    return Object.entries(picked(secretOf(manifests, at(part, 'name'), secrets), part));
  });
}

function secretOf(manifests: readonly Manifest[], name: unknown, secrets: SecretContents): Record<string, string> {
  const given = secrets[String(name)];
  if (given !== undefined) return { ...given };
  const data = textsOf(manifests, 'Secret', name);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

function textsOf(manifests: readonly Manifest[], kind: string, name: unknown): Record<string, string> {
  const found = ofKind(manifests, kind).find(({ metadata }) => metadata.name === name);
  return (at(found, 'data') ?? {}) as Record<string, string>;
}

/** The items that a volume names, under the paths it names; all of them when it names none. */
function picked(texts: Readonly<Record<string, string>>, volume: unknown): Record<string, string> {
  const items = listAt(volume, 'items');
  if (items.length === 0) return { ...texts };
  const wanted = items.map((item) => [String(at(item, 'path')), texts[String(at(item, 'key'))]] as const);
  return Object.fromEntries(wanted.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
}
