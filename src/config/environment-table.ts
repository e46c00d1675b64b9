import { envSchema } from './env.schema';

/**
 * The table of environment variables in `docs/configuration.md`, made from the schema so that the two cannot part.
 *
 * @returns Markdown without a final line break.
 */
export function environmentTable(): string {
  const rows = Object.entries(envSchema.shape).map(([name, schema]) => {
    const shown = schema.meta()?.['shown'];
    const fallback = typeof shown === 'string' && shown !== '' ? `\`${shown}\`` : '';
    return `| \`${name}\` | ${fallback} | ${schema.description ?? ''} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
