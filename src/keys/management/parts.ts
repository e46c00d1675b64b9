import { type EntityStore } from '../../state/entities/entity-store';
import { type HolderReader } from '../directory/holder-reader';
import { type KeyRules } from '../key-rules';
import { type AuditedWrites } from './audited-writes';

/** What everybody who manages something works with. */
export interface ManagementParts {
  readonly store: EntityStore;
  readonly writes: AuditedWrites;
  readonly reader: HolderReader;
  readonly rules: KeyRules;
}
