import { Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { usedCredentials } from '../config/credentials';
import { type Settings } from '../config/settings';
import { SettingsChanges } from '../config/settings-holder';
import { Observer } from '../kernel/observer';
import { EntitiesModule } from '../state/entities/entities.module';
import { WorkersModule } from '../workers/workers.module';
import { BudgetWatch } from './budget-watch';
import { MetricsController } from './metrics.controller';
import { StateWatch } from './state-watch';

/** The scrape door. */
@Module({
  imports: [EntitiesModule, WorkersModule],
  controllers: [MetricsController],
  providers: [BudgetWatch, StateWatch],
})
export class MetricsModule implements OnModuleInit, OnModuleDestroy {
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'deployments' | 'defaultCredential'>,
    private readonly changes: SettingsChanges,
    private readonly observer: Observer,
  ) {}

  /** Deployments are shown before their first call, and no longer than the configuration names them. */
  onModuleInit(): void {
    this.tell(this.settings);
    this.stopListening = this.changes.onChange((now) => {
      this.tell(now);
    });
  }

  onModuleDestroy(): void {
    this.stopListening?.();
  }

  private tell(settings: Pick<Settings, 'deployments' | 'defaultCredential'>): void {
    const deployments = settings.deployments.map((deployment) => {
      const { id, modelGroup, upstreamModel, apiBase, credential, routing } = deployment;
      const where = { deploymentId: id, modelGroup, upstreamModel, apiBase, account: credential.name };
      return { ...where, rpmLimit: routing?.rpm, tpmLimit: routing?.tpm };
    });
    this.observer.deploymentsAre(deployments);
    this.observer.accountsAre(usedCredentials(settings).map(({ name }) => name));
  }
}
