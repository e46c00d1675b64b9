import { type AuditLog } from '../../state/audit/audit-log';
import { type EntityStore } from '../../state/entities/entity-store';
import { HolderReader } from '../directory/holder-reader';
import { type KeyRules } from '../key-rules';
import { AuditedWrites } from './audited-writes';
import { BudgetManagement } from './budget-management';
import { CustomerManagement } from './customer-management';
import { KeyAccess } from './key-access';
import { KeyChanges } from './key-changes';
import { KeyMinting } from './key-minting';
import { KeySearch } from './key-search';
import { LiteLlmImport } from './litellm-import';
import { TeamManagement } from './team-management';
import { TeamMembers } from './team-members';
import { UserManagement } from './user-management';

/** Everything that manages keys and their kin, for the doors and for the command line. */
export class Management {
  readonly writes: AuditedWrites;
  readonly access: KeyAccess;
  readonly minting: KeyMinting;
  readonly changes: KeyChanges;
  readonly search: KeySearch;
  readonly teams: TeamManagement;
  readonly members: TeamMembers;
  readonly users: UserManagement;
  readonly budgets: BudgetManagement;
  readonly customers: CustomerManagement;
  readonly imports: LiteLlmImport;

  constructor(
    readonly store: EntityStore,
    readonly audit: AuditLog,
    rules: KeyRules,
  ) {
    this.writes = new AuditedWrites(store, audit);
    const parts = { store, writes: this.writes, reader: new HolderReader(store), rules };
    this.access = new KeyAccess(parts);
    this.minting = new KeyMinting(parts, this.access);
    this.changes = new KeyChanges(parts, this.access);
    this.search = new KeySearch(parts, this.access);
    this.teams = new TeamManagement(parts, this.changes);
    this.members = new TeamMembers(parts, this.access, this.changes);
    this.users = new UserManagement(parts, this.minting, this.changes);
    this.budgets = new BudgetManagement(parts);
    this.customers = new CustomerManagement(parts);
    this.imports = new LiteLlmImport(parts);
  }
}
