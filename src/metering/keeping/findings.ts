import { type Mismatch } from '../bookkeeper';

/** Mismatches that are named; beyond it they are only counted. */
const mostNamed = 1_000;

/** What a look at the books has found so far. */
export class Findings {
  checked = 0;
  repaired = 0;
  private readonly found: Mismatch[] = [];

  get mismatches(): readonly Mismatch[] {
    return this.found;
  }

  /** @param entity `kind:id`, or the key of a book. */
  add(entity: string, field: string, { ledger, counter }: Pick<Mismatch, 'ledger' | 'counter'>): void {
    if (this.found.length >= mostNamed) return;
    const at = entity.indexOf(':');
    this.found.push({ scope: entity.slice(0, at), id: entity.slice(at + 1), field, ledger, counter });
  }
}
