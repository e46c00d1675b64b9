import { type RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';

/** Part of the memory beyond which the operator is told. */
const fullFrom = 0.7;
/** And below which it may be told again. */
const freeBelow = 0.65;

/** Watches how much of its memory Redis has used up: with `noeviction` a full one refuses every write. */
export class MemoryWatch {
  private hasWarned = false;

  constructor(
    private readonly link: Pick<RedisLink, 'run'>,
    private readonly warn: (message: string) => void,
  ) {}

  /** One look. Never fails: a user that may not ask is told nothing. */
  async look(): Promise<void> {
    const text = await this.info();
    const used = fieldOf(text, 'used_memory');
    const configured = fieldOf(text, 'maxmemory');
    const most = configured === 0 ? fieldOf(text, 'total_system_memory') : configured;
    if (used === undefined || most === undefined || most === 0) return;
    const part = used / most;
    if (part < freeBelow) this.hasWarned = false;
    if (part < fullFrom || this.hasWarned) return;
    this.hasWarned = true;
    this.warn(
      `Redis has used ${Math.round(part * 100)} % of its memory. A full one refuses every request: raise maxmemory, or lower maximum_spend_logs_rows or maximum_spend_logs_retention_period.`,
    );
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

function fieldOf(info: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
