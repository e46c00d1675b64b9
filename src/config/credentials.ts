import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Fault } from './config-fault';
import { type Credential, type CredentialSource } from './deployment';
import { type Environment } from './env.schema';
import { absolutePath } from './file-paths';
import { type GatewayFileContent } from './gateway-file.schema';
import { type Settings } from './settings';
import { type KeyPath } from './yaml-source';

/** Where relative paths and `~` lead. */
export interface Places {
  /** Folder of the configuration file. */
  readonly fileDir: string;
  readonly cwd: string;
  readonly homeDir: string;
}

/** The logins of `credential_list` by name, and the default one under `default`. */
export interface CredentialBook {
  readonly defaultCredential: Credential;
  readonly byName: ReadonlyMap<string, Credential>;
}

type ListEntry = NonNullable<GatewayFileContent['credential_list']>[number];

/** Every credential that requests may be sent with, each once: those of the deployments, or the default one when none is listed. */
export function usedCredentials({
  deployments,
  defaultCredential: standard,
}: Pick<Settings, 'deployments' | 'defaultCredential'>): readonly Credential[] {
  const used = deployments.length === 0 ? [standard] : deployments.map(({ credential }) => credential);
  return [...new Map(used.map((each) => [each.name, each])).values()];
}

/** The login of deployments that name none: `CODEX_ACCESS_TOKEN`, else `CODEX_AUTH_FILE`, else `auth.json` of `CODEX_HOME`. */
export function defaultCredential(environment: Environment, places: Places): Credential {
  if (environment.CODEX_ACCESS_TOKEN !== undefined) {
    return { name: 'default', source: { kind: 'access_token', token: environment.CODEX_ACCESS_TOKEN.trim() } };
  }
  const codexHome = absolutePath(environment.CODEX_HOME ?? '~/.codex', places.cwd, places.homeDir);
  const path = absolutePath(environment.CODEX_AUTH_FILE ?? join(codexHome, 'auth.json'), places.cwd, places.homeDir);
  return { name: 'default', source: { kind: 'auth_file', path } };
}

/** Reads `credential_list`. An entry without exactly one source, or with a name already taken, is a fault. */
export function readCredentials(
  list: readonly ListEntry[],
  standard: Credential,
  places: Places,
  placeOf: (path: KeyPath) => string,
): { readonly book: CredentialBook; readonly faults: readonly Fault[] } {
  const byName = new Map<string, Credential>([['default', standard]]);
  const faults: Fault[] = [];
  list.forEach(({ credential_name: name, credential_values: values }, index) => {
    const at: KeyPath = ['credential_list', index];
    const sources = sourcesIn(values, places);
    const [source] = sources;
    if (source === undefined || sources.length > 1) {
      const message = 'must hold exactly one of auth_file, login, access_token and api_key';
      faults.push({ place: placeOf([...at, 'credential_values']), message });
    } else if (byName.has(name)) {
      const message =
        name === 'default' ? 'is taken: "default" is the login of the environment' : 'stands twice in the list';
      faults.push({ place: placeOf([...at, 'credential_name']), message });
    } else byName.set(name, { name, source });
  });
  return { book: { defaultCredential: standard, byName }, faults };
}

/**
 * A login named in a deployment itself. Its name is that of a named login, else a short digest, so that it can be shown and
 * told from others.
 */
export function inlineCredential(source: CredentialSource, standard: Credential): Credential {
  if (JSON.stringify(source) === JSON.stringify(standard.source)) return standard;
  if (source.kind === 'stored_login') return { name: source.name, source };
  const secret = source.kind === 'auth_file' ? source.path : source.kind === 'api_key' ? source.key : source.token;
  const digest = createHash('sha256').update(`${source.kind}\0${secret}`).digest('hex');
  return { name: `${source.kind.replace('_', '-')}-${digest.slice(0, 8)}`, source };
}

function sourcesIn(values: ListEntry['credential_values'], places: Places): readonly CredentialSource[] {
  const sources: CredentialSource[] = [];
  if (values.auth_file) {
    sources.push({ kind: 'auth_file', path: absolutePath(values.auth_file, places.fileDir, places.homeDir) });
  }
  if (values.login) sources.push({ kind: 'stored_login', name: values.login });
  if (values.access_token) sources.push({ kind: 'access_token', token: values.access_token.trim() });
  if (values.api_key) sources.push({ kind: 'api_key', key: values.api_key.trim() });
  return sources;
}
