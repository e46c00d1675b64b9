import { nanosFromDollars } from '../kernel/money';
import { type Stored } from '../keys/rows/rows';
import { type NewHolder } from '../reports/alerts/alert-center';

/** A key that was made, for those who are told of it. */
export function newKey({ id, row }: Stored<'key'>): NewHolder {
  const { key_alias, user_id, team_id, max_budget } = row;
  return {
    keyHash: id,
    ...(key_alias === undefined ? {} : { keyAlias: key_alias }),
    ...(user_id === undefined ? {} : { userId: user_id }),
    ...(team_id === undefined ? {} : { teamId: team_id }),
    ...(max_budget === undefined ? {} : { maxBudgetNanos: nanosFromDollars(max_budget) }),
  };
}

/** A user that was made. */
export function newUser({ id, row }: Stored<'user'>): NewHolder {
  const { user_email, max_budget } = row;
  return {
    userId: id,
    ...(user_email === undefined ? {} : { userEmail: user_email }),
    ...(max_budget === undefined ? {} : { maxBudgetNanos: nanosFromDollars(max_budget) }),
  };
}
