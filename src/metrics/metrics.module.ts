import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Observer } from '../kernel/observer';
import { WorkersModule } from '../workers/workers.module';
import { MetricsController } from './metrics.controller';
import { StateWatch } from './state-watch';

/** The scrape door. */
@Module({ imports: [WorkersModule], controllers: [MetricsController], providers: [StateWatch] })
export class MetricsModule implements OnModuleInit {
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'deployments'>,
    private readonly observer: Observer,
  ) {}

  /** Deployments are shown before their first call. */
  onModuleInit(): void {
    for (const deployment of this.settings.deployments) {
      const { id, modelGroup, upstreamModel, apiBase, credential, routing } = deployment;
      // Behind a wildcard the models are only known by their requests.
      if (upstreamModel.includes('*')) continue;
      const where = { deploymentId: id, modelGroup, upstreamModel, apiBase, account: credential.name };
      this.observer.deploymentKnown({ ...where, rpmLimit: routing?.rpm, tpmLimit: routing?.tpm });
    }
  }
}
