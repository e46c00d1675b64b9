import { type z } from 'zod';
import { environmentTable } from './environment-table';
import { deploymentParamsSchema, deploymentSchema, gatewayFileSchema } from './gateway-file.schema';
import { ignoredKeys } from './ignored-keys';

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/**
 * The tables of the documentation that say what the schemas say, by the name of their place in the text
 * (`<!-- name:start -->` … `<!-- name:end -->`); `npm run docs` writes them there.
 */
export function referenceTables(): ReadonlyMap<string, string> {
  const { shape } = gatewayFileSchema;
  const credential = shape.credential_list.unwrap().unwrap().element.shape;
  return new Map([
    ['environment', environmentTable()],
    ['file-top', keyTable(shape)],
    ['file-general', keyTable(shape.general_settings.unwrap().unwrap().shape)],
    ['file-litellm', keyTable(shape.litellm_settings.unwrap().unwrap().shape)],
    ['file-router', keyTable(shape.router_settings.unwrap().unwrap().shape)],
    ['file-deployment', keyTable(deploymentSchema.shape)],
    ['file-params', keyTable(deploymentParamsSchema.shape)],
    ['file-credentials', keyTable(credential.credential_values.shape)],
    ['file-ignored', ignoredTable()],
  ]);
}

/** Every key of a section, in the order of the alphabet. */
function keyTable(shape: Shape): string {
  const rows = Object.entries(shape)
    .map(([name, schema]) => [name, (schema as z.ZodType).meta()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, meta]) => {
      const mapped = meta?.['verdict'] === 'mapped' ? ' (mapped)' : '';
      return `| \`${name}\` | ${escaped(meta?.description ?? '')}${mapped} |`;
    });
  return ['| key | meaning |', '|---|---|', ...rows].join('\n');
}

/** LiteLLM's keys that are read and have no effect, by the reason why. */
function ignoredTable(): string {
  const byReason = new Map<string, string[]>();
  for (const [name, why] of ignoredKeys()) byReason.set(why, [...(byReason.get(why) ?? []), name]);
  const rows = [...byReason].map(
    ([why, names]) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${escaped(why)} |`,
  );
  return ['| key | why it does nothing |', '|---|---|', ...rows].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
