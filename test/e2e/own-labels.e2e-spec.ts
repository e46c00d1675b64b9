import { chatBody, post, send } from '../support/calls';
import { readExposition } from '../support/expositions';
import { type Holder, holder, type Json, manage } from '../support/holders';
import { SuiteBench } from '../support/suite-bench';

const metric = 'litellm_proxy_total_requests_metric_total';
const bench = new SuiteBench({
  config: `
litellm_settings:
  custom_prometheus_metadata_labels: [metadata.project, metadata.cost.centre]
  custom_prometheus_tags: [prod]
`,
});

/** The operator's own labels of the requests of a key, one set a series. */
async function labelsOf({ id }: Holder): Promise<readonly Json[]> {
  const { series } = readExposition((await send(bench, '/metrics')).text);
  const own = series.filter(({ name, labels }) => name === metric && labels['hashed_api_key'] === id);
  return own.map(({ labels }) =>
    Object.fromEntries(Object.entries(labels).filter(([name]) => /^(?:metadata|tag)_/.test(name))),
  );
}

const asks = (key: Holder, path: string, body: Json): Promise<void> =>
  post(key, path, body).then(({ status }) => {
    expect(status).toBe(200);
  });

const doors: readonly (readonly [path: string, body: Json])[] = [
  ['/v1/chat/completions', chatBody()],
  ['/v1/chat/completions', chatBody({ stream: true })],
  ['/v1/responses', { model: 'gpt-5.5', input: 'Hi' }],
];

describe.each(doors)('labels that the operator makes, at %s %#', (path, body) => {
  it('show what the metadata of a request says', async () => {
    const key = await holder(bench);
    await asks(key, path, { ...body, metadata: { project: 'a "b" \\ \n ö', other: 'hush' } });
    expect(await labelsOf(key)).toEqual([
      { metadata_project: 'a "b" \\ \n ö', metadata_cost_centre: 'None', tag_prod: 'false' },
    ]);
  });

  it('show what the operator wrote on key and team, whatever the request says', async () => {
    const team_id = (await manage(bench, '/team/new', { metadata: { project: 'team', cost: { centre: 7 } } }))[
      'team_id'
    ];
    const key = await holder(bench, { team_id, metadata: { project: 'key' }, tags: ['prod'] });
    await asks(key, path, { ...body, metadata: { project: 'request' } });
    expect(await labelsOf(key)).toEqual([{ metadata_project: 'key', metadata_cost_centre: '7', tag_prod: 'true' }]);
  });

  it('never show a key', async () => {
    const key = await holder(bench);
    await asks(key, path, { ...body, metadata: { project: `my ${key.key}` } });
    expect(await labelsOf(key)).toEqual([expect.objectContaining({ metadata_project: 'None' })]);
  });
});
