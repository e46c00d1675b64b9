import { type SeedCommand } from './meter-command';
import { type Ticket } from './meter-state';
import { type Posting } from './posting';

/** What a command changed, as a plain fact: the same facts in the same order make the same state. */
export type Change =
  | { readonly kind: 'watched'; readonly keys: readonly string[] }
  | { readonly kind: 'forgotten'; readonly key: string }
  | { readonly kind: 'admitted'; readonly ticket: Ticket }
  | { readonly kind: 'extended'; readonly ticketId: string; readonly nanos: number; readonly tokens: number }
  | { readonly kind: 'assigned'; readonly ticketId: string; readonly deployment: string }
  | { readonly kind: 'checkpointed'; readonly ticketId: string; readonly draft: string }
  | { readonly kind: 'voided'; readonly ticketId: string }
  | { readonly kind: 'settled'; readonly ticketId: string; readonly row: PostedRow; readonly isProvisional: boolean }
  | {
      readonly kind: 'corrected';
      readonly ticketId: string;
      readonly oldText: string;
      readonly oldPosting: Posting;
      readonly row: PostedRow;
    }
  | { readonly kind: 'seeded'; readonly seed: SeedCommand; readonly nowMs: number }
  | { readonly kind: 'adjusted'; readonly key: string; readonly rowId: string; readonly adjustment: AdjustedSums }
  | {
      readonly kind: 'mended';
      readonly figure: 'cell' | 'total';
      readonly entity: string;
      readonly day: string;
      readonly dims: string;
      readonly metrics: readonly number[] | undefined;
    }
  | { readonly kind: 'figures-dropped'; readonly beforeDay: string }
  | { readonly kind: 'archived'; readonly belowNumber: number; readonly untilMs: number };

/** A row's text with what it changes. */
export interface PostedRow {
  readonly text: string;
  readonly posting: Posting;
}

/** What an adjustment changes in its book, and its row. */
export interface AdjustedSums {
  readonly text: string;
  readonly startMs: number;
  readonly indexes: readonly string[];
  readonly spend: number;
  readonly periods: Readonly<Record<string, number>>;
}

/** Outcome of a command: `change` is undefined when nothing changed. */
export interface Applied<Reply> {
  readonly reply: Reply;
  readonly change: Change | undefined;
}
