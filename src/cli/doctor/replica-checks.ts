import { type Settings } from '../../config/settings';
import { type Replica } from '../../state/replicas/replica-board';
import { keyPrint, modelPrint } from '../../state/replicas/replica-prints';
import { gatewayVersion } from '../../upstream/gateway-version';
import { fault, type Finding, ok, skipped, warning } from './finding';

const oddClockMs = 2_000;

/** The gateway processes that share this Redis, and whether they agree with each other and with these settings. */
export function replicaFindings(
  replicas: readonly Replica[],
  settings: Settings,
  silenceOf: (replica: Replica) => number | undefined,
): readonly Finding[] {
  if (replicas.length === 0) return [skipped('replicas', 'no gateway has shown itself in this Redis')];
  return [
    ok('replicas', `${replicas.length}: ${replicas.map(nameOf).join(', ')}`),
    ...replicas.flatMap((replica) => silentFinding(replica, silenceOf(replica))),
    ...replicas.flatMap(clockFinding),
    ...keyFindings(replicas, settings),
    ...agreement(replicas, settings),
  ];
}

function nameOf({ host, id, version, state }: Replica): string {
  return `${id.startsWith(host) ? id : `${host} ${id}`} ${version} ${state}`;
}

function silentFinding(replica: Replica, silentMs: number | undefined): readonly Finding[] {
  if (silentMs === undefined) return [];
  const message = `${replica.id} has shown no life for ${Math.round(silentMs / 1_000)} s`;
  return [warning('replicas', message, 'it was killed, or cannot reach Redis: look at its log')];
}

function clockFinding({ id, clockAheadMs }: Replica): readonly Finding[] {
  if (Math.abs(clockAheadMs) <= oddClockMs) return [];
  const message = `the clock of ${id} is ${(clockAheadMs / 1_000).toFixed(1)} s away from that of Redis`;
  return [warning('replicas', message, 'switch on time synchronisation (NTP) on its host')];
}

/** Who has other keys refuses the clients of the others, and cannot open what they sealed. */
function keyFindings(replicas: readonly Replica[], { masterKey, saltKey }: Settings): readonly Finding[] {
  const expected = masterKey === undefined ? replicas[0]?.keyPrint : keyPrint(masterKey, saltKey);
  const others = replicas.filter((replica) => replica.keyPrint !== expected);
  if (others.length === 0) return [];
  const message = `another master key or salt key than here: ${others.map(({ id }) => id).join(', ')}`;
  return [fault('replicas', message, 'give all replicas the same LITELLM_MASTER_KEY and GATEWAY_SALT_KEY')];
}

function agreement(replicas: readonly Replica[], settings: Settings): readonly Finding[] {
  const versions = new Set([gatewayVersion(), ...replicas.map(({ version }) => version)]);
  const models = new Set([modelPrint(settings), ...replicas.map((replica) => replica.modelPrint)]);
  return [
    ...(versions.size > 1
      ? [warning('replicas', `several releases: ${[...versions].join(', ')}`, 'fine during an update; finish it')]
      : []),
    ...(models.size > 1
      ? [warning('replicas', 'model_list or aliases differ from replica to replica', 'fine while a change spreads; else compare their files')]
      : []),
  ]; // prettier-ignore
}
