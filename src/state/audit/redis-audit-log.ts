import { type RedisLink } from '../redis/redis-link';
import { AuditLog, type AuditPage, type AuditQuery, pageOf } from './audit-log';
import { type AuditRecord, auditRecordSchema } from './audit-record';

const listName = '{audit}:log';

/** The record of admin actions in a Redis list, newest first, shared by all replicas. */
export class RedisAuditLog extends AuditLog {
  private readonly key: string;

  constructor(
    private readonly link: Pick<RedisLink, 'run' | 'key'>,
    private readonly mostRecords: number,
  ) {
    super();
    this.key = link.key(listName);
  }

  override async append(record: AuditRecord): Promise<void> {
    await this.link.run((redis) =>
      Promise.all([
        redis.lpush(this.key, JSON.stringify(record)),
        redis.ltrim(this.key, 0, String(this.mostRecords - 1)),
      ]),
    );
  }

  override async page(query: AuditQuery): Promise<AuditPage> {
    const read = async (from: number, count: number): Promise<AuditRecord[]> => {
      const texts = await this.link.run((redis) => redis.lrange(this.key, from, from + count - 1));
      return texts.map((text) => auditRecordSchema.parse(JSON.parse(text)));
    };
    const kept = await this.link.run((redis) => redis.llen(this.key));
    return { ...(await pageOf(read, query)), kept };
  }

  /** The link belongs to whoever opened it. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}
