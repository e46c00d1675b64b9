import { z } from 'zod';
import { moment, namedAnswer, optionals, whole } from '../http/openapi-answers';
import { auditRecordSchema } from '../state/audit/audit-record';
import {
  budgetAnswer,
  customerAnswer,
  ignored,
  keyAnswer,
  membershipAnswer,
  teamAnswer,
  userAnswer,
} from '../keys/management/entity-answers';
import { type ImportReport } from '../keys/management/litellm-import';

const texts = z.array(z.string());
const text = z.string().nullable();
const keys = z.array(keyAnswer);
const teams = z.array(teamAnswer);
const users = z.array(userAnswer);
const customers = z.array(customerAnswer);

/** Where a page stands, in the words of teams and users. */
const page = { total: whole, page: whole, page_size: whole, total_pages: whole };

const secret = {
  key: z.string().meta({ description: 'The secret; it is shown this once' }),
  token: z.string(),
};

/** A key with its new secret. */
export const mintedKey = namedAnswer('MintedKey', keyAnswer.extend({ ...secret, token_id: z.string(), ...ignored }));

/** `POST /key/update`. */
export const changedKey = namedAnswer(
  'ChangedKey',
  keyAnswer.extend({ key: z.string(), ...ignored, ...optionals(['budget_note'], z.string()) }),
);

/** `POST /key/delete`. */
export const deletedKeys = namedAnswer('DeletedKeys', z.object({ deleted_keys: texts }));

/** What the master key is shown as: it is no document. */
const masterKey = z.object({
  key_name: z.literal('master'),
  key_alias: z.literal('master'),
  user_role: z.literal('proxy_admin'),
  models: texts,
  spend: z.number(),
  max_budget: z.number().nullable(),
  expires: moment.nullable(),
  blocked: z.boolean(),
});

/** `GET /key/info`. */
export const keyInfo = namedAnswer(
  'KeyInfo',
  z.object({
    key: z.string().meta({ description: 'As it was asked for; else its digest' }),
    info: z.union([keyAnswer, namedAnswer('MasterKey', masterKey)]),
  }),
);

/** `GET /key/list`: digests, or with `return_full_object` all there is to know. */
export const keyPage = namedAnswer(
  'KeyPage',
  z.object({
    keys: z.array(z.union([z.string(), keyAnswer])),
    total_count: whole,
    current_page: whole,
    total_pages: whole,
  }),
);

/** `POST /key/health`. */
export const keyHealth = namedAnswer(
  'KeyHealth',
  z.object({
    key: z.literal('healthy'),
    logging_callbacks: z.object({ callbacks: texts, status: z.literal('healthy'), details: z.string() }),
  }),
);

/** `POST /team/new`. */
export const madeTeam = namedAnswer('MadeTeam', teamAnswer.extend(ignored));

/** `POST /team/update`. */
export const changedTeam = namedAnswer('ChangedTeam', madeTeam.extend({ data: madeTeam }));

/** `POST /team/delete`. */
export const deletedTeams = namedAnswer('DeletedTeams', z.object({ deleted_teams: texts }));

/** `GET /team/info`. */
export const teamInfo = namedAnswer(
  'TeamInfo',
  z.object({ team_id: z.string(), team_info: teamAnswer, keys, team_memberships: z.array(membershipAnswer) }),
);

/** `GET /team/list`. */
export const teamList = namedAnswer('TeamList', teams);

/** `GET /v2/team/list`. */
export const teamPage = namedAnswer('TeamPage', z.object({ teams, ...page }));

/** `POST /team/member_add`. */
export const addedMembers = namedAnswer(
  'AddedMembers',
  teamAnswer.extend({
    updated_users: users,
    updated_team_memberships: z.array(z.looseObject({ team_id: z.string(), user_id: z.string() })),
  }),
);

/** `POST /team/member_update`: the team, with the rates of the member. */
export const changedMember = namedAnswer(
  'ChangedMember',
  teamAnswer.extend({ user_id: z.string(), max_budget_in_team: z.number().nullable() }),
);

/** `POST /user/new`: the user and, unless it was not wanted, a key of its own with its secret. */
export const madeUser = namedAnswer(
  'MadeUser',
  keyAnswer.partial().extend({
    ...userAnswer.shape,
    key: secret.key.meta({ description: 'The secret, or empty without a key' }),
    ...ignored,
  }),
);

/** `POST /user/update`. */
export const changedUser = namedAnswer('ChangedUser', userAnswer.extend({ data: userAnswer, ...ignored }));

/** `POST /user/delete`. */
export const deletedUsers = namedAnswer('DeletedUsers', z.object({ deleted_users: whole }));

/** `GET /user/info`. */
export const userInfo = namedAnswer(
  'UserInfo',
  z.object({ user_id: text, user_info: userAnswer.nullable(), keys, teams }),
);

/** `GET /user/list`. */
export const userPage = namedAnswer(
  'UserPage',
  z.object({ users: z.array(namedAnswer('ListedUser', userAnswer.extend({ key_count: whole }))), ...page }),
);

/** `POST /budget/new` and `/budget/update`. */
export const changedBudget = namedAnswer('ChangedBudget', budgetAnswer.extend(ignored));

/** `GET /budget/list` and `POST /budget/info`. */
export const budgetList = namedAnswer('BudgetList', z.array(budgetAnswer));

/** `POST /customer/new` and `/customer/update`. */
export const changedCustomer = namedAnswer('ChangedCustomer', customerAnswer.extend(ignored));

/** `POST /customer/delete`. */
export const deletedCustomers = namedAnswer(
  'DeletedCustomers',
  z.object({ deleted_customers: whole, message: z.string() }),
);

/** `POST /customer/block`. */
export const blockedCustomers = namedAnswer('BlockedCustomers', z.object({ blocked_users: customers }));

/** `POST /customer/unblock`. */
export const unblockedCustomers = namedAnswer('UnblockedCustomers', z.object({ unblocked_users: customers }));

/** `GET /customer/list`. */
export const customerList = namedAnswer('CustomerList', customers);

/** `GET /audit`. */
export const auditPage = namedAnswer(
  'AuditPage',
  z.object({
    records: z.array(
      namedAnswer(
        'AuditRecord',
        z.object({
          id: z.string(),
          at: moment,
          actor: z.string(),
          actor_alias: text,
          actor_user_id: text,
          client_ip: text,
          request_id: text,
          action: z.string(),
          objects: texts,
          before: z.unknown(),
          after: z.unknown(),
          outcome: auditRecordSchema.shape.outcome,
          of: text,
          reason: text,
        }),
      ),
    ),
    page: whole,
    page_size: whole,
    has_more: z.boolean(),
    kept: whole,
  }),
);

const row = { kind: z.string(), id: z.string() };

/** `POST /import/litellm`. */
export const importReport = namedAnswer(
  'ImportReport',
  z.object({
    taken: z.object({ budgets: whole, teams: whole, users: whole, keys: whole }),
    skipped: z.array(z.object({ ...row, why: z.string() })),
    notes: z.array(z.object({ ...row, note: z.string() })),
  }) satisfies z.ZodType<ImportReport>,
);
