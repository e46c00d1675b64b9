import { type Settings } from '../../config/settings';
import { StateUnavailable } from '../state-unavailable';
import { obtainSealKey } from './local-seal-key';
import { Sealer } from './seal';

/** The keys of this installation; they are read or made when first needed. */
export class Keyring {
  private making: Promise<Sealer> | undefined;

  constructor(private readonly settings: Pick<Settings, 'saltKey' | 'previousSaltKeys' | 'stateDir'>) {}

  /** @throws {StateUnavailable} when there is no salt key and none can be kept in the state folder. */
  sealer(): Promise<Sealer> {
    this.making ??= this.make().catch(() => {
      this.making = undefined;
      throw new StateUnavailable('offline');
    });
    return this.making;
  }

  private async make(): Promise<Sealer> {
    const { saltKey, previousSaltKeys, stateDir } = this.settings;
    return new Sealer([saltKey ?? (await obtainSealKey(stateDir)), ...previousSaltKeys]);
  }
}
