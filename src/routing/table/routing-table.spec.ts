import { deploymentOf } from '../../../test/support/candidates';
import { type Deployment } from '../../config/deployment';
import { defaultRouting } from '../../config/routing-settings';
import { RoutingTable } from './routing-table';

const list: readonly Deployment[] = [
  deploymentOf('one', { modelGroup: 'team' }),
  deploymentOf('two', { modelGroup: 'team', routing: { accessGroups: ['beta'] } }),
  deploymentOf('paid', { modelGroup: 'paid', provider: 'openai', upstreamModel: 'gpt-4.1' }),
  deploymentOf('wide', { modelGroup: 'any/*', upstreamModel: '*' }),
  deploymentOf('narrow', { modelGroup: 'any/fast-*', upstreamModel: '*' }),
  deploymentOf('theirs', { modelGroup: 'hidden-group', routing: { teamIds: ['red'], teamModelName: 'ours' } }),
  deploymentOf('shared', { modelGroup: 'team', routing: { teamIds: ['red', 'blue'] } }),
];
const aliases = new Map([
  ['gpt-4o', { model: 'team', hidden: false }],
  ['lost', { model: 'nowhere', hidden: true }],
]);
const routing = { ...defaultRouting, fallbacks: { ...defaultRouting.fallbacks, general: new Map([['*', ['paid']]]) } };
const table = new RoutingTable({ deployments: list, modelAliases: aliases, routing: defaultRouting });

describe('a name', () => {
  it.each<[what: string, name: string, team: string | undefined, group: string | undefined, ids: string[]]>([
    ['is a group', 'team', undefined, 'team', ['one', 'two']],
    ['is an alias', 'gpt-4o', undefined, 'team', ['one', 'two']],
    ['is the id of one deployment', 'two', undefined, 'team', ['two']],
    ['fits a wildcard', 'any/gpt-5.5', undefined, 'any/*', ['wide']],
    ['fits the narrower of two wildcards', 'any/fast-gpt-5.5', undefined, 'any/fast-*', ['narrow']],
    ['fits no wildcard with nothing in the place of its star', 'any/', undefined, undefined, []],
    ['is a model string', 'openai/gpt-4.1', undefined, 'paid', ['paid']],
    ['is a model string of the Codex backend', 'chatgpt/gpt-5.5', undefined, 'team', ['one', 'two']],
    ['is unknown', 'gpt-9', undefined, undefined, []],
    ['is an alias of nothing', 'lost', undefined, undefined, []],
    ['is a team’s own', 'ours', 'red', 'ours', ['theirs']],
    ['does not exist for other teams', 'ours', 'blue', undefined, []],
    ['leads to what is kept for the team too', 'team', 'blue', 'team', ['one', 'two', 'shared']],
    ['is an id that another team does not see', 'theirs', 'blue', undefined, []],
  ])('%s', (...[, name, team, group, ids]) => {
    const found = table.resolve(name, team);
    expect(found?.modelGroup).toBe(group);
    expect(found?.deployments.map(({ id }) => id) ?? []).toEqual(ids);
  });

  it('fills in a wildcard, and is the same deployment each time', () => {
    const [first] = table.resolve('any/gpt-6-sol')?.deployments ?? [];
    expect(first?.upstreamModel).toBe('gpt-6-sol');
    expect(table.resolve('any/gpt-6-sol')?.deployments[0]).toBe(first);
  });

  it('that is unknown goes to the first fallback of everything, where there is one', () => {
    const caught = new RoutingTable({ deployments: list, modelAliases: aliases, routing });
    expect(caught.resolve('gpt-9')?.modelGroup).toBe('paid');
    expect(caught.resolve('team')?.modelGroup).toBe('team');
  });

  it('asked for by id may lead to a deployment that rests', () => {
    expect(table.resolve('two')?.isById).toBe(true);
    expect(table.resolve('team')?.isById).toBe(false);
  });
});
