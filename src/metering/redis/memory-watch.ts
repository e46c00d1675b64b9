import { type RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';

/** Part of the memory beyond which the operator is told. */
const fullFrom = 0.7;
/** And below which it may be told again. */
const freeBelow = 0.65;
/** Part beyond which the spend log has to give way: a full Redis refuses every request, rows can be read in the archive. */
const scarceFrom = 0.9;
/** And below which it need not any longer. */
const enoughBelow = 0.85;

/** Watches how much of its memory Redis has used up: with `noeviction` a full one refuses every write. */
export class MemoryWatch {
  private hasWarned = false;
  private wasScarce = false;

  constructor(
    private readonly link: Pick<RedisLink, 'run'>,
    private readonly warn: (message: string) => void,
  ) {}

  /** One look. Never fails: a user that may not ask is told nothing. @returns whether rows have to make room. */
  async look(): Promise<boolean> {
    const part = await this.usedPart();
    if (part === undefined) return false;
    if (part < freeBelow) this.hasWarned = false;
    if (part >= fullFrom && !this.hasWarned) {
      this.hasWarned = true;
      this.warn(
        `Redis has used ${percent(part)} % of its memory. A full one refuses every request: raise maxmemory, or lower maximum_spend_logs_rows or maximum_spend_logs_retention_period.`,
      );
    }
    const isScarce = part >= (this.wasScarce ? enoughBelow : scarceFrom);
    if (isScarce && !this.wasScarce)
      this.warn(
        `Redis has used ${percent(part)} % of its memory: rows of the spend log that are older than an hour go to the archive, the oldest first, until it is ${percent(enoughBelow)} %.`,
      );
    this.wasScarce = isScarce;
    return isScarce;
  }

  private async usedPart(): Promise<number | undefined> {
    const text = await this.info();
    const used = fieldOf(text, 'used_memory');
    const configured = fieldOf(text, 'maxmemory');
    const most = configured === 0 ? fieldOf(text, 'total_system_memory') : configured;
    return used === undefined || most === undefined || most === 0 ? undefined : used / most;
  }

  private async info(): Promise<string> {
    try {
      return await this.link.run((redis) => redis.info('memory'));
    } catch (error) {
      if (error instanceof StateUnavailable) return '';
      throw error;
    }
  }
}

function percent(part: number): number {
  return Math.round(part * 100);
}

function fieldOf(info: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
