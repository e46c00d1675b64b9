import { checkConfig, type ConfigCheck } from './check-config';
import { loadSettings } from './load-settings';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LimitsSettings } from './limits-settings';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'customer-keys-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const fileOf = (general: string): string => `general_settings:\n${general.replace(/^/gm, '  ')}\n`;

function check(general: string): ConfigCheck {
  return checkConfig({ text: fileOf(general), path: 'config.yaml', env: {}, cwd: folder, homeDir: folder });
}

function load(
  general: string,
): Pick<LimitsSettings, 'customerHeaders' | 'onClientDisconnect'> & { warnings: readonly string[] } {
  writeFileSync(join(folder, 'config.yaml'), fileOf(general));
  const { metering, warnings } = loadSettings({ env: {}, argv: [], cwd: folder, homeDir: folder });
  return { customerHeaders: metering.customerHeaders, onClientDisconnect: metering.onClientDisconnect, warnings };
}

describe('headers that name the customer', () => {
  it('are none when nothing is said', () => {
    expect(load('timezone: UTC')).toEqual({ customerHeaders: [], onClientDisconnect: 'drain', warnings: [] });
  });

  it('are those of the mappings, then the old single one, in lower case', () => {
    const { customerHeaders, warnings } = load(`
user_header_name: X-Old-Header
user_header_mappings:
  - {header_name: X-OpenWebUI-User-Email, litellm_user_role: customer}
  - {header_name: x-old-header, litellm_user_role: Customer}`);
    expect(customerHeaders).toEqual(['x-openwebui-user-email', 'x-old-header']);
    expect(warnings).toEqual([]);
    expect(load('user_header_mappings: {header_name: X-One, litellm_user_role: customer}').customerHeaders).toEqual([
      'x-one',
    ]);
  });

  it('are not those that would say whose key it is, nor the one that carries keys', () => {
    const { customerHeaders, warnings } = load(`
litellm_key_header_name: X-Our-Key
user_header_name: x-our-key
user_header_mappings:
  - {header_name: X-User-Id, litellm_user_role: internal_user}`);
    expect(customerHeaders).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/user_header_mappings: x-user-id: ignored, only the role customer/),
      expect.stringMatching(/user_header_name: x-our-key: ignored, it is the header that carries the key/),
    ]);
  });

  it.each([
    ['user_header_name: Authorization', /user_header_name: must not be a header that carries a key/],
    ['user_header_name: no header', /user_header_name: must be the name of an HTTP header/],
    [
      'user_header_mappings: [{header_name: cookie, litellm_user_role: customer}]',
      /user_header_mappings: must be a list of/,
    ],
    ['user_header_mappings: [x-user]', /user_header_mappings: must be a list of/],
    ['on_client_disconnect: stop', /on_client_disconnect: must be drain or cancel/],
  ])('%s is a fault', (general, message) => {
    const { faults } = check(general);
    expect(faults.map(({ place, message: text }) => `${place}: ${text}`)).toEqual([expect.stringMatching(message)]);
  });

  it('and what becomes of abandoned answers are honoured, says check-config', () => {
    const { rows, faults } = check(`
user_header_name: x-a
user_header_mappings: [{header_name: x-b, litellm_user_role: customer}]
on_client_disconnect: cancel`);
    expect(faults).toEqual([]);
    const verdicts = new Map(rows.map(({ key, verdict, why }) => [key, `${verdict}: ${why}`]));
    expect(verdicts.get('general_settings.user_header_name')).toMatch(/^honoured: one more header/);
    expect(verdicts.get('general_settings.user_header_mappings')).toMatch(/^honoured: headers that may name/);
    expect(verdicts.get('general_settings.on_client_disconnect')).toMatch(/^honoured: an answer whose client hung up/);
    expect(load('on_client_disconnect: cancel').onClientDisconnect).toBe('cancel');
  });
});
