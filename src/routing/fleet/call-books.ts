import { type Candidate } from '../choice/candidate';
import { CallHistory } from './call-history';

interface Entry {
  inFlight: number;
  history: CallHistory;
}

/** What every deployment and account is doing in this process, and did lately. */
export class CallBooks {
  private readonly deployments = new Map<string, Entry>();
  private readonly accounts = new Map<string, number>();

  began(candidate: Candidate): void {
    this.entryOf(candidate).inFlight += 1;
    this.accounts.set(candidate.account, this.ofAccount(candidate.account) + 1);
  }

  ended(candidate: Candidate): void {
    this.entryOf(candidate).inFlight -= 1;
    this.accounts.set(candidate.account, this.ofAccount(candidate.account) - 1);
  }

  /** Calls in flight at one deployment. */
  inFlight({ deployment }: Candidate): number {
    return this.inFlightAt(deployment.id);
  }

  /** The same by the id of the deployment. */
  inFlightAt(deploymentId: string): number {
    return this.deployments.get(deploymentId)?.inFlight ?? 0;
  }

  /** Calls in flight at all deployments of an account. */
  ofAccount(account: string): number {
    return this.accounts.get(account) ?? 0;
  }

  historyOf(candidate: Candidate): CallHistory {
    return this.entryOf(candidate).history;
  }

  /** What the deployment did before does not count any more. */
  forget(deploymentId: string): void {
    const known = this.deployments.get(deploymentId);
    if (known !== undefined) known.history = new CallHistory();
  }

  private entryOf({ deployment }: Candidate): Entry {
    const known = this.deployments.get(deployment.id);
    if (known !== undefined) return known;
    const entry = { inFlight: 0, history: new CallHistory() };
    this.deployments.set(deployment.id, entry);
    return entry;
  }
}
