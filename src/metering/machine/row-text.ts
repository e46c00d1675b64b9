import { strictJson } from '../../kernel/well-formed';
import { isScopeKind } from './book-keys';
import { type Adjustment, type CostParts, type LedgerRow } from '../ledger-row';
import { TupleReader } from './tuple-reader';

/** Version of the text. A later one appends members, which an earlier reader does not look at. */
const version = 1;

/** A row as one line of JSON, half as long as with names; never holds a raw tab or newline. */
export function rowText(row: LedgerRow): string {
  const { usage, tier, cost, adjusts, uncountedTags, otherGroups } = row;
  const members = [
    version,
    row.id, row.callType, row.keyHash,
    row.keyAlias, row.teamId, row.userId, row.customerId,
    row.tags,
    row.startMs, row.endMs, row.firstContentMs,
    row.requestedModel, row.modelGroup, row.model,
    row.deploymentId, row.provider, row.apiBase, row.account,
    row.status === 'success', row.end, row.errorCode, row.httpStatus, row.stream,
    usage.inputTokens, usage.cachedInputTokens, usage.cacheWriteTokens, usage.outputTokens, usage.reasoningTokens,
    row.spend, row.plan5h, row.planWeek,
    cost === undefined ? null : costTuple(cost),
    tier.requested, tier.actual, tier.billed,
    row.quality === 'exact', row.late, row.attempts,
    row.sessionId, row.clientIp, row.userAgent,
    row.metadata, adjusts === undefined ? null : adjustmentTuple(adjusts),
  ]; // prettier-ignore
  // Whoever knows no further groups reads a number here: 0 says the same as none.
  if (otherGroups !== undefined) members.push(uncountedTags ?? 0, otherGroups);
  else if (uncountedTags !== undefined) members.push(uncountedTags);
  return strictJson(members);
}

function adjustmentTuple({ kind, id, model, periods, follows }: Adjustment): readonly unknown[] {
  return follows === undefined ? [kind, id, model, periods] : [kind, id, model, periods, follows];
}

function costTuple({ input, cachedInput, cacheWrite, output, reasoning, ...rest }: CostParts): readonly unknown[] {
  return [input, cachedInput, cacheWrite, output, reasoning, rest.discount, rest.margin, rest.priceSource];
}

/** The row again. @throws {Error} for a text that `rowText` did not write; does not quote it. */
export function rowFromText(text: string): LedgerRow {
  const read = new TupleReader(JSON.parse(text));
  if (read.number() < version) throw new Error('a ledger row of an unknown version');
  const named = { id: read.text(), callType: read.text(), keyHash: read.text() };
  const owners = {
    ...read.maybeText('keyAlias'),
    ...read.maybeText('teamId'),
    ...read.maybeText('userId'),
    ...read.maybeText('customerId'),
  };
  const tags = read.texts();
  const times = { startMs: read.number(), endMs: read.number(), ...read.maybeNumber('firstContentMs') };
  const models = { requestedModel: read.text(), modelGroup: read.text(), model: read.text() };
  const place = {
    ...read.maybeText('deploymentId'),
    ...read.maybeText('provider'),
    ...read.maybeText('apiBase'),
    ...read.maybeText('account'),
  };
  const ending = {
    status: read.flag() ? ('success' as const) : ('failure' as const),
    end: read.text(),
    ...read.maybeText('errorCode'),
    httpStatus: read.number(),
    stream: read.flag(),
  };
  return { ...named, ...owners, tags, ...times, ...models, ...place, ...ending, ...moneyFrom(read), ...restFrom(read) };
}

type MoneyPart = Pick<LedgerRow, 'usage' | 'spend' | 'plan5h' | 'planWeek' | 'cost' | 'tier'>;

function moneyFrom(read: TupleReader): MoneyPart {
  const usage = {
    inputTokens: read.number(),
    cachedInputTokens: read.number(),
    cacheWriteTokens: read.number(),
    outputTokens: read.number(),
    reasoningTokens: read.number(),
  };
  const amounts = { spend: read.number(), ...read.maybeNumber('plan5h'), ...read.maybeNumber('planWeek') };
  const cost = read.maybeTuple();
  const tier = { ...read.maybeText('requested'), ...read.maybeText('actual'), billed: read.text() };
  return { usage, ...amounts, ...(cost === undefined ? {} : { cost: costFrom(cost) }), tier };
}

type RestPart = Pick<
  LedgerRow,
  | 'quality'
  | 'late'
  | 'attempts'
  | 'sessionId'
  | 'clientIp'
  | 'userAgent'
  | 'metadata'
  | 'adjusts'
  | 'uncountedTags'
  | 'otherGroups'
>;

function restFrom(read: TupleReader): RestPart {
  const quality = read.flag() ? ('exact' as const) : ('estimated' as const);
  const ours = { quality, late: read.flag(), attempts: read.number() };
  const client = { ...read.maybeText('sessionId'), ...read.maybeText('clientIp'), ...read.maybeText('userAgent') };
  const metadata = read.maybeObject();
  const adjusts = read.maybeTuple();
  return {
    ...ours,
    ...client,
    ...(metadata === undefined ? {} : { metadata }),
    ...(adjusts === undefined ? {} : { adjusts: adjustmentFrom(adjusts) }),
    ...(read.isAtEnd ? {} : appendedFrom(read)),
  };
}

/** What later versions wrote behind the rest. */
function appendedFrom(read: TupleReader): Pick<LedgerRow, 'uncountedTags' | 'otherGroups'> {
  const uncountedTags = read.number();
  if (read.isAtEnd) return { uncountedTags };
  const otherGroups = read.texts();
  return uncountedTags === 0 ? { otherGroups } : { uncountedTags, otherGroups };
}

function costFrom(read: TupleReader): CostParts {
  return {
    input: read.number(),
    cachedInput: read.number(),
    cacheWrite: read.number(),
    output: read.number(),
    reasoning: read.number(),
    discount: read.number(),
    margin: read.number(),
    priceSource: read.text(),
  };
}

function adjustmentFrom(read: TupleReader): Adjustment {
  const kind = read.text();
  if (!isScopeKind(kind)) throw new Error('an adjustment of an unknown kind of book');
  const named = { kind, id: read.text(), ...read.maybeText('model'), periods: read.numbers() };
  return read.isAtEnd ? named : { ...named, follows: read.text() };
}
