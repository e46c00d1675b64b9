import { type CallPolicy, type ModelRule } from '../../kernel/principal';
import { namePattern, tailOf } from './name-pattern';

/** Everything a model is called when somebody asks whether it may be used. */
export interface AskedModel {
  /** As the request names it. */
  readonly requested: string;
  readonly modelGroup: string;
  readonly accessGroups: ReadonlySet<string>;
}

/**
 * The first rule that does not allow the model; undefined when all do. A rule allows a model by its name, its group, an
 * access group, or a pattern with one `*`.
 */
export function refusingRule(policy: Pick<CallPolicy, 'modelRules'>, model: AskedModel): ModelRule | undefined {
  return policy.modelRules.find((rule) => !allows(rule, model));
}

function allows({ author, models }: ModelRule, model: AskedModel): boolean {
  return models.some((name) => {
    if (name === 'all-proxy-models' || name === '*') return true;
    // What a key says of its team is the team's own rule to keep.
    if (name === 'all-team-models') return author !== 'team';
    if (name === 'no-default-models') return false;
    if (name === model.requested || name === model.modelGroup || model.accessGroups.has(name)) return true;
    if (!name.includes('*')) return false;
    const pattern = namePattern(name);
    return tailOf(model.requested, pattern) !== undefined || tailOf(model.modelGroup, pattern) !== undefined;
  });
}
