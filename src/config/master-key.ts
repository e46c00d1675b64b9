import { type Fault } from './config-fault';
import { type Environment } from './env.schema';

/** The admin key as the operator set it, or what is wrong with it. */
export interface MasterKeyReading {
  readonly key: string | undefined;
  readonly isExample: boolean;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/** A key in the file, with its place. */
export interface FileKeyValue {
  readonly value: string;
  readonly place: string;
}

const shortest = 16;

/** Keys that stand in public guides, so that everybody knows them. */
const exampleKeys: ReadonlySet<string> = new Set([
  'sk-1234', 'sk-12345', 'sk-123456', 'sk-12345678', 'sk-123456789', 'sk-1234567890', 'sk-1234567890abcdef',
  'sk-master-key', 'sk-litellm-master-key', 'sk-your-master-key', 'sk-your-master-key-12345', 'sk-your-key', 'sk-xxx',
  'sk-test', 'sk-secret', 'sk-password',
]); // prettier-ignore
const exampleShape =
  /^sk-(x{3,}|your[-_].*|my[-_]master[-_]key.*|change[-_]?(me|this).*|replace[-_]?(me|this|with).*|example.*)$/i;

/** The file's key wins over the environment. Undefined key: none was set, and `state/` makes one. */
export function readMasterKey(file: FileKeyValue | undefined, environment: Environment): MasterKeyReading {
  const { LITELLM_MASTER_KEY: first, GATEWAY_MASTER_KEY: second } = environment;
  const fromEnvironment = first ?? second;
  const differ = file === undefined && first !== undefined && second !== undefined && first !== second;
  const warnings = differ
    ? ['environment GATEWAY_MASTER_KEY: differs from LITELLM_MASTER_KEY, which is the one that counts']
    : [];
  const place = file?.place ?? `environment ${first === undefined ? 'GATEWAY_MASTER_KEY' : 'LITELLM_MASTER_KEY'}`;
  const key = file?.value ?? fromEnvironment;
  return key === undefined ? { key, isExample: false, faults: [], warnings } : judge(key, place, warnings);
}

/** Whether a listener on this address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(bare);
}

function judge(key: string, place: string, earlier: readonly string[]): MasterKeyReading {
  if (exampleKeys.has(key) || exampleShape.test(key)) {
    const warning = `${place}: is a published example key that everybody knows. The gateway listens on this machine only; set a key of your own to open it.`;
    return { key, isExample: true, faults: [], warnings: [...earlier, warning] };
  }
  const message = mistakeIn(key);
  if (message !== undefined)
    return { key: undefined, isExample: false, faults: [{ place, message }], warnings: earlier };
  const warnings = key.startsWith('sk-')
    ? earlier
    : [...earlier, `${place}: does not begin with "sk-"; LiteLLM clients expect it`];
  return { key, isExample: false, faults: [], warnings };
}

function mistakeIn(key: string): string | undefined {
  if (key.trim() === '') return 'is empty; remove it to have a key made, or set one of at least 16 characters';
  if (!/^[\x21-\x7e]*$/.test(key)) return 'must be visible ASCII without white space, because it travels in a header';
  if (key.length < shortest) return `is too short; use at least ${shortest} characters, such as sk- and 32 random ones`;
  return undefined;
}
