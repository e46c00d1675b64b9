import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { withAnswers } from '../http/openapi-components';

/** The API reference of the running gateway, from the controllers themselves. */
export function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Codex Gateway')
    .setDescription(
      'An OpenAI-compatible gateway that a team shares in front of the ChatGPT Codex backend. Errors are always {"error": {"message", "type", "param", "code"}}.',
    )
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A gateway key (sk-…)' })
    .build();
  return withAnswers(SwaggerModule.createDocument(app, config));
}

/** A plain page over the document: no script and no remote asset, so that it works behind any policy. */
export function openApiPage(document: OpenAPIObject): string {
  const rows = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, { readonly summary?: string } | undefined>).map(
      ([method, operation]) =>
        `<tr><td>${method.toUpperCase()}</td><td><code>${escapeHtml(path)}</code></td><td>${escapeHtml(operation?.summary ?? '')}</td></tr>`,
    ),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Codex Gateway API</title><style>
body{font:15px system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}td{padding:.25rem .75rem .25rem 0;vertical-align:top}</style></head>
<body><h1>Codex Gateway API</h1><p>Version ${escapeHtml(document.info.version)}. The whole document: <a href="/openapi.json">/openapi.json</a>.</p>
<table>${rows.join('\n')}</table></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
