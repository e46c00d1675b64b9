import { createHash, createHmac } from 'node:crypto';
import { type Settings } from '../../config/settings';

/** Who has other keys than its neighbours refuses their clients, or cannot open what they sealed. */
export function keyPrint(masterKey: string, saltKey: string | undefined): string {
  return createHmac('sha256', saltKey ?? '')
    .update(`replica\0${masterKey}`)
    .digest('hex')
    .slice(0, 16);
}

/** Of names and upstream models; no credential is in it. */
export function modelPrint({ deployments, modelAliases }: Pick<Settings, 'deployments' | 'modelAliases'>): string {
  const models = deployments.map(({ id, modelGroup, upstreamModel }) => [id, modelGroup, upstreamModel]);
  const aliases = [...modelAliases].map(([alias, { model }]) => [alias, model]);
  return createHash('sha256')
    .update(JSON.stringify([models, aliases]))
    .digest('hex')
    .slice(0, 16);
}
