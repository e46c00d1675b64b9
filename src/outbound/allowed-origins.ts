import { type Settings } from '../config/settings';

/**
 * Origins that settings name. Nothing else is ever connected to, whatever a request says.
 *
 * @throws {TypeError} when one of them is no absolute URL; settings are checked before, so this is a bug.
 */
export function allowedOrigins(settings: Settings): Set<string> {
  const { codex, deployments, observability, alerts } = settings;
  const { webhookUrl } = observability.callbacks;
  const urls = [
    codex.baseUrl,
    codex.refreshTokenUrl,
    codex.whoamiUrl,
    codex.instructionsBaseUrl,
    codex.releasesUrl,
    ...deployments.map(({ apiBase }) => apiBase),
    ...(webhookUrl === undefined ? [] : [webhookUrl]),
    ...alerts.targets.map(({ url }) => url),
  ];
  return new Set(urls.map((url) => new URL(url).origin));
}
