import { z } from 'zod';
import { ConfigFault } from '../config/config-fault';
import { type KeysSettings } from '../config/keys-settings';
import { GatewayError } from '../kernel/errors';
import { type HolderRules } from './compile/principal-of';
import { type GenerateFields, generateShape, keptKeyFields } from './management/key-fields';
import { readFields, readStrictly } from './management/request-fields';
import { type NewTeamFields, keptTeamFields, newTeamShape } from './management/team-fields';
import { keptUserFields, type NewUserFields, newUserShape } from './management/user-fields';
import { count, dollars, duration, names } from './rows/field-types';
import { type LimitFields, limitShape } from './rows/limit-fields';

const boundsSchema = z.strictObject({
  max_budget: dollars.optional(),
  budget_duration: duration.optional(),
  duration: duration.optional(),
  tpm_limit: count.optional(),
  rpm_limit: count.optional(),
  max_parallel_requests: count.optional(),
});
/** The most a new key may have. */
export type UpperBounds = z.infer<typeof boundsSchema>;

const makersSchema = z.strictObject({
  personal_key_generation: z
    .strictObject({ allowed_user_roles: names.optional(), required_params: names.optional() })
    .optional(),
  team_key_generation: z
    .strictObject({ allowed_team_member_roles: names.optional(), required_params: names.optional() })
    .optional(),
});
/** Who may make keys, and what they must say. */
export type KeyMakers = z.infer<typeof makersSchema>;

/** What the settings say of keys, teams, users and customers. */
export interface KeyRules extends HolderRules {
  readonly customerBudgetId: string | undefined;
  readonly defaultKey: GenerateFields;
  readonly upperBounds: UpperBounds;
  readonly makers: KeyMakers;
  readonly defaultUser: NewUserFields;
  /** Of new internal users without a budget. */
  readonly internalUser: LimitFields;
  readonly defaultTeam: NewTeamFields;
  readonly validatesAliases: boolean;
}

/**
 * @param places of the settings in the file, by name; a setting that is not among them is named without its line.
 * @throws {ConfigFault} that names the setting and the field at fault.
 */
export function readRules(settings: KeysSettings, places: Readonly<Record<string, string>> = {}): KeyRules {
  const named = <T>(setting: string, read: () => T): T =>
    placed(places[setting] ?? `litellm_settings.${setting}`, read);
  const proxy = named('max_budget', () => limitsIn(settings.proxyLimits));
  const customer = named('max_end_user_budget', () => limitsIn(settings.customerBudget));
  return {
    limitMode: settings.limitMode,
    proxy: isEmpty(proxy) ? undefined : proxy,
    customer: isEmpty(customer) ? undefined : customer,
    customerBudgetId: settings.customerBudgetId,
    defaultKey: named(
      'default_key_generate_params',
      () => readFields(settings.defaultKeyParams, { shape: generateShape, keptNames: keptKeyFields }).fields,
    ),
    upperBounds: named('upperbound_key_generate_params', () => readStrictly(boundsSchema, settings.upperBounds)),
    makers: named('key_generation_settings', () => readStrictly(makersSchema, settings.keyGeneration)),
    defaultUser: named(
      'default_internal_user_params',
      () => readFields(settings.defaultUserParams, { shape: newUserShape, keptNames: keptUserFields }).fields,
    ),
    internalUser: named('max_internal_user_budget', () => limitsIn(settings.internalUserBudget)),
    defaultTeam: named(
      'default_team_params',
      () => readFields(settings.defaultTeamParams, { shape: newTeamShape, keptNames: keptTeamFields }).fields,
    ),
    validatesAliases: settings.validatesAliases,
  };
}

function limitsIn(params: Readonly<Record<string, unknown>>): LimitFields {
  return readFields(params, { shape: limitShape }).fields;
}

function placed<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw new ConfigFault([{ place, message: error.message }]);
  }
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}
