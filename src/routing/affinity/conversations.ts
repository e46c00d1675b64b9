import { type RoutingAnswer, type RoutingQuestion } from '../../metering/meter';
import { type UpstreamCall } from '../../upstream/upstream';
import { ExpiringMap } from '../board/expiring-map';
import { type PinStore } from '../board/pin-store';
import { answerPin, type Bonds, bondsOf, sealPin } from './bonds';

/** Seals that are remembered here, about 150 bytes each. */
const mostSeals = 50_000;
/** Conversations whose last pin is remembered, so that it is not written at every turn. */
const mostTalks = 20_000;
/** Seals that one admission is asked for; older ones go where the younger ones went. */
const mostAsked = 32;
/** A seal binds as long as anybody replays it; a working day and a night, milliseconds. */
const leastSealLifeMs = 86_400_000;
/** What a seal belongs to that no account could open. */
const nobody = '';

/** What binds a call, and what has to be asked about it. Made once for a call. */
export interface Bearings {
  readonly bonds: Bonds;
  readonly keyHash: string;
  readonly question: RoutingQuestion;
}

/** Where a call belongs, as far as anybody knows. */
export interface Whereabouts {
  /** Account that made the newest sealed item, or the stored answer: only it can go on. */
  readonly home: string | undefined;
  /** Account where the conversation was last, when that is not the one its key chooses. */
  readonly soft: string | undefined;
  /** Account of a sealed item; '' for one that nobody can open, undefined when unknown. */
  readonly accountOf: (seal: string) => string | undefined;
}

/** Writes a pin for all replicas. */
export type PinWriter = (pin: string, value: string, ttlMs: number) => void;

/** Which account a conversation belongs to. Times are Unix milliseconds. */
export class Conversations {
  private readonly seals = new ExpiringMap<string>(mostSeals);
  private readonly talks = new ExpiringMap<{ readonly account: string; readonly atMs: number }>(mostTalks);

  constructor(private readonly pins: PinStore) {}

  /** Reads a call. @param deploymentIds whose calls in flight are asked for as well. */
  bearings(
    call: UpstreamCall,
    caller: { readonly keyHash: string; readonly session?: string | undefined },
    deploymentIds: readonly string[],
    nowMs: number,
  ): Bearings {
    const bonds = bondsOf(call, caller.keyHash, caller.session);
    const unknown: string[] = [];
    for (let at = bonds.seals.length - 1; at >= 0 && unknown.length < mostAsked; at -= 1) {
      const seal = bonds.seals[at];
      if (seal !== undefined && this.seals.get(seal, nowMs) === undefined) unknown.push(seal);
    }
    const pins = [bonds.continues, bonds.conversation, ...unknown].filter((pin) => pin !== undefined);
    return { bonds, keyHash: caller.keyHash, question: { deploymentIds, pins } };
  }

  /** For calls whose admission did not ask. Waits only for a shared state. */
  ask({ question }: Bearings): Pick<RoutingAnswer, 'pins'> | Promise<Pick<RoutingAnswer, 'pins'>> {
    if (question.pins.length === 0) return noPins;
    const answer = this.pins.ask(question.pins);
    return answer instanceof Promise ? answer.then((pins) => ({ pins })) : { pins: answer };
  }

  whereabouts({ bonds, question }: Bearings, answer: Pick<RoutingAnswer, 'pins'>, nowMs: number): Whereabouts {
    const told = new Map<string, string>();
    question.pins.forEach((pin, place) => {
      const account = answer.pins[place];
      if (account !== undefined) told.set(pin, account);
    });
    for (const seal of bonds.seals) {
      const account = told.get(seal);
      if (account !== undefined) this.seals.set(seal, account, nowMs + leastSealLifeMs);
    }
    const accountOf = (seal: string): string | undefined => this.seals.get(seal, nowMs) ?? told.get(seal);
    return {
      home: homeOf(bonds, accountOf, told),
      soft: bonds.conversation === undefined ? undefined : told.get(bonds.conversation),
      accountOf,
    };
  }

  /** An answer of this account sealed something. */
  sealed(keyHash: string, tail: string, account: string, around: Writing): void {
    this.bind(sealPin(keyHash, tail), account, around);
  }

  /** Nobody can open these any more. */
  unopenable(seals: readonly string[], around: Writing): void {
    for (const seal of seals) this.bind(seal, nobody, around);
  }

  /** A host has stored this answer. */
  answered(keyHash: string, responseId: string, account: string, around: Writing): void {
    around.write(answerPin(keyHash, responseId), account, sealLifeMs(around.ttlMs));
  }

  /**
   * A conversation was served. Nothing is written where its key leads anyway; a pin is renewed now and then, so that it lasts
   * as long as the conversation.
   */
  served(
    conversation: string,
    where: { readonly account: string; readonly natural: string | undefined; readonly pinned: string | undefined },
    around: Writing,
  ): void {
    const { account, natural, pinned } = where;
    if (around.ttlMs <= 0 || (pinned === undefined && account === natural)) return;
    const last = this.talks.get(conversation, around.nowMs);
    if (pinned === account && last?.account === account && around.nowMs - last.atMs < around.ttlMs / 4) return;
    this.talks.set(conversation, { account, atMs: around.nowMs }, around.nowMs + around.ttlMs);
    around.write(conversation, account, around.ttlMs);
  }

  /** The writer for calls that bring none. */
  readonly writer: PinWriter = (pin, value, ttlMs) => {
    this.pins.pin(pin, value, ttlMs);
  };

  private bind(seal: string, account: string, { write, ttlMs, nowMs }: Writing): void {
    const lifeMs = sealLifeMs(ttlMs);
    this.seals.set(seal, account, nowMs + lifeMs);
    write(seal, account, lifeMs);
  }
}

/** How pins are written. */
export interface Writing {
  readonly write: PinWriter;
  readonly ttlMs: number;
  readonly nowMs: number;
}

const noPins: Pick<RoutingAnswer, 'pins'> = { pins: [] };

function sealLifeMs(ttlMs: number): number {
  return Math.max(ttlMs, leastSealLifeMs);
}

function homeOf(
  bonds: Bonds,
  accountOf: (seal: string) => string | undefined,
  told: ReadonlyMap<string, string>,
): string | undefined {
  if (bonds.continues !== undefined) return told.get(bonds.continues);
  for (let at = bonds.seals.length - 1; at >= 0; at -= 1) {
    const account = accountOf(bonds.seals[at] ?? '');
    if (account !== undefined && account !== nobody) return account;
  }
  return undefined;
}
