import { Inject, Injectable } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { readJsonBody } from '../../http/body-reader';

/** Reads what a report is asked with. */
@Injectable()
export class ReportBody {
  constructor(@Inject(SETTINGS) private readonly settings: Pick<Settings, 'limits' | 'times'>) {}

  /** @throws {GatewayError} 4xx for a body that cannot be read. */
  async read(request: FastifyRequest): Promise<unknown> {
    const { limits, times } = this.settings;
    const bounds = { maxBytes: limits.maxBodyBytes, maxDepth: limits.maxJsonDepth, timeoutMs: times.requestBodyMs };
    return (await readJsonBody(request, bounds)).json;
  }

  /** The same where no body at all means `{}`. */
  async readOptional(request: FastifyRequest): Promise<unknown> {
    const { headers } = request.raw;
    const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    return isEmpty ? {} : this.read(request);
  }
}
