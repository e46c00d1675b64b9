/** Model names are told with their slash by many clients, and LiteLLM takes them so; a parameter of a route holds none. */
const listed = /^((?:\/v1)?\/models\/)([^?]+)/;
const azure = /^(\/openai\/deployments\/)([^?]+)(\/chat\/completions(?:\?|$))/;

/** The target that the router is asked for. The query stays as it came. */
export function routedUrl(url = '/'): string {
  // Prometheus is often told `/metrics/`, and people type `/docs/`; Nest itself cannot declare a path with a final slash.
  if (url === '/metrics/' || url === '/docs/') return url.slice(0, -1);
  if (url.startsWith('/openai/'))
    return url.replace(azure, (_, head: string, name: string, tail: string) => head + inOnePiece(name) + tail);
  return url.includes('/models/')
    ? url.replace(listed, (_, head: string, name: string) => head + inOnePiece(name))
    : url;
}

function inOnePiece(name: string): string {
  return name.replaceAll('/', '%2F');
}
