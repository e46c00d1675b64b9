import { type StrategyName } from '../../config/routing-values';
import { type Candidate } from './candidate';
import { type Ground, type Strategy } from './strategy';

type Measure = (candidate: Candidate) => number;

/** A natural choice this much worse than the best one is still taken: a conversation's cache is worth more than the difference. */
const nearlyAsGood = 0.8;
/** Calls in flight by which a natural choice may be busier than the least busy one. */
const nearlyAsIdle = 2;
/** Dollars per token of a deployment without a price, as in LiteLLM. */
const unknownPrice = 1;

/** The first of weight, rpm and tpm that any candidate has; a candidate without it gets nothing. Else equal shares. */
export function sharesOf(candidates: readonly Candidate[]): Measure {
  for (const name of ['weight', 'rpm', 'tpm'] as const) {
    const shareOf: Measure = ({ deployment }) => Math.max(deployment.routing?.[name] ?? 0, 0);
    if (candidates.some((each) => shareOf(each) > 0)) return shareOf;
  }
  return () => 1;
}

const simpleShuffle: Strategy = {
  pick: (candidates, { random }) => {
    const shareOf = sharesOf(candidates);
    let total = 0;
    for (const each of candidates) total += shareOf(each);
    let drawn = random() * total;
    for (const each of candidates) {
      drawn -= shareOf(each);
      if (drawn < 0) return each;
    }
    return candidates[candidates.length - 1];
  },
  // The key drew with the same shares.
  accepts: () => true,
  weights: sharesOf,
};

const leastBusy: Strategy = {
  pick: (candidates, ground) => lowest(candidates, ground.inFlight, ground.random),
  accepts: (natural, candidates, { inFlight }) => inFlight(natural) <= least(candidates, inFlight) + nearlyAsIdle,
};

/** Deployments without a measurement come first, so that each gets one. */
const latencyBased: Strategy = {
  pick: (candidates, ground) => {
    const unmeasured = candidates.filter((each) => ground.latencyMs(each) === undefined);
    if (unmeasured.length > 0) return anyOf(unmeasured, ground.random);
    return anyOf(quickest(candidates, ground), ground.random);
  },
  accepts: (natural, candidates, ground) =>
    ground.latencyMs(natural) === undefined || quickest(candidates, ground).includes(natural),
};

const usageBased: Strategy = {
  pick: (candidates, ground) => lowest(candidates, (each) => ground.minute(each).tokens, ground.random),
  accepts: (natural, candidates, { minute }) =>
    minute(natural).tokens * nearlyAsGood <= least(candidates, (each) => minute(each).tokens),
};

const costBased: Strategy = {
  pick: (candidates, { random }) => lowest(candidates, priceOf, random),
  accepts: (natural, candidates) => priceOf(natural) <= least(candidates, priceOf),
};

const quotaHeadroom: Strategy = {
  pick: (candidates, { headroom, random }) => lowest(candidates, (each) => -headroom(each), random),
  accepts: (natural, candidates, { headroom }) => {
    const most = -least(candidates, (each) => -headroom(each));
    return headroom(natural) >= most * nearlyAsGood && (most === 0 || headroom(natural) > 0);
  },
};

const byName: Readonly<Record<StrategyName, Strategy>> = {
  'simple-shuffle': simpleShuffle,
  'least-busy': leastBusy,
  'latency-based-routing': latencyBased,
  'usage-based-routing': usageBased,
  'usage-based-routing-v2': usageBased,
  'cost-based-routing': costBased,
  'quota-headroom': quotaHeadroom,
};

/** The configured strategy; without one it follows from the group: plans of several accounts are worth watching. */
export function strategyFor(name: StrategyName | undefined, members: readonly Candidate[]): Strategy {
  if (name !== undefined) return byName[name];
  let account: string | undefined;
  for (const each of members) {
    if (each.deployment.provider !== 'codex') continue;
    if (account !== undefined && account !== each.account) return quotaHeadroom;
    account = each.account;
  }
  return simpleShuffle;
}

function priceOf({ deployment }: Candidate): number {
  return deployment.routing?.pricePerToken ?? unknownPrice;
}

function quickest(candidates: readonly Candidate[], { latencyMs, latencyBuffer }: Ground): readonly Candidate[] {
  const limit = least(candidates, (each) => latencyMs(each) ?? Number.POSITIVE_INFINITY) * (1 + latencyBuffer);
  return candidates.filter((each) => (latencyMs(each) ?? Number.POSITIVE_INFINITY) <= limit);
}

function least(candidates: readonly Candidate[], measure: Measure): number {
  let lowestYet = Number.POSITIVE_INFINITY;
  for (const each of candidates) lowestYet = Math.min(lowestYet, measure(each));
  return lowestYet;
}

/** The candidate with the lowest measure; any one of several, so that callers who see the same do not all do the same. */
function lowest(candidates: readonly Candidate[], measure: Measure, random: () => number): Candidate | undefined {
  let best: Candidate | undefined;
  let lowestYet = Number.POSITIVE_INFINITY;
  let equals = 0;
  for (const each of candidates) {
    const value = measure(each);
    if (value < lowestYet) {
      lowestYet = value;
      best = each;
      equals = 1;
    } else if (value === lowestYet) {
      equals += 1;
      if (random() * equals < 1) best = each;
    }
  }
  return best;
}

function anyOf(candidates: readonly Candidate[], random: () => number): Candidate | undefined {
  return candidates[Math.floor(random() * candidates.length)];
}
