import { type Fault } from '../config/config-fault';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { type Outbound } from '../outbound/outbound';
import { UndiciOutbound } from '../outbound/undici-outbound';

const waitMs = 10_000;
/** What a host answers that has no such route; any other refusal comes from the route itself. */
const missing: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Asks the host of every `openai/` deployment for the Responses API with a question that names no model, which a host that
 * has it refuses without generating anything.
 *
 * @returns one fault for each host that lacks it, or that cannot be reached. Never fails.
 */
export async function hostFaults(settings: Settings): Promise<readonly Fault[]> {
  const hosts = new Map(
    settings.deployments.filter(({ provider }) => provider === 'openai').map((each) => [each.apiBase, each]),
  );
  const outbound = new UndiciOutbound(settings);
  try {
    const faults = await Promise.all([...hosts.values()].map((each) => faultOf(outbound, each)));
    return faults.flat();
  } finally {
    await outbound.close();
  }
}

async function faultOf(outbound: Outbound, { apiBase, modelGroup, credential }: Deployment): Promise<readonly Fault[]> {
  const { source } = credential;
  const place = `model_list: ${modelGroup}`;
  try {
    const response = await outbound.send({
      method: 'POST',
      url: `${apiBase}/responses`,
      headers: {
        'content-type': 'application/json',
        ...(source.kind === 'api_key' ? { authorization: `Bearer ${source.key}` } : {}),
      },
      body: '{}',
      headersMs: waitMs,
    });
    response.cancel();
    if (!missing.has(response.status)) return [];
    return [
      {
        place,
        message: `${new URL(apiBase).host} lacks the Responses API: POST ${apiBase}/responses answered ${response.status}`,
      },
    ];
  } catch {
    return [
      { place, message: `${new URL(apiBase).host} could not be reached to ask whether it has the Responses API` },
    ];
  }
}
