import { type Settings } from '../../config/settings';
import { placeFaults } from '../start-checks';
import { fault, type Finding, ok, warning } from './finding';

/** The file and the keys, as far as they can be judged without asking anybody. */
export function settingsFindings(settings: Settings): readonly Finding[] {
  const { configFile, deployments, warnings } = settings;
  const models = deployments.length === 0 ? 'every model of the account' : `${deployments.length} deployments`;
  const read = ok('configuration', `${configFile ?? 'no file'}: ${models}`);
  const advice = 'see `check-config` for every key of the file';
  return [read, ...warnings.map((message) => warning('configuration', message, advice)), masterKeyFinding(settings)];
}

function masterKeyFinding({ masterKey, masterKeyIsExample, listen }: Settings): Finding {
  const check = 'master key';
  if (masterKey === undefined)
    return ok(check, `none is set: one is made and kept in STATE_DIR, and ${listen.host} is listened on`);
  if (!masterKeyIsExample) return ok(check, 'set');
  const advice = 'set LITELLM_MASTER_KEY to sk-$(openssl rand -hex 32)';
  return warning(check, `it stands in public guides, so only ${listen.host} is listened on`, advice);
}

/** Folders that the gateway writes to, tried for real. */
export async function folderFindings(settings: Settings): Promise<readonly Finding[]> {
  const faults = await placeFaults(settings);
  if (faults.length === 0) return [ok('folders', `${settings.stateDir} can be written`)];
  const advice = 'give this user the right to write, or name another folder; a start is refused until then';
  return faults.map(({ place, message }) => fault('folders', `${place}: ${message}`, advice));
}
