import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { Public } from '../keys/public.decorator';
import { GatewayError } from '../kernel/errors';
import { openApiPage } from './openapi';

/** The API reference, open to everybody: it holds routes, no data. */
@ApiExcludeController()
@Controller()
export class DocsController {
  private written: { readonly json: Buffer; readonly page: Buffer } | undefined;

  /**
   * Called once by the boot, when all controllers are known. Written once and in bytes, which all answers share: anybody may
   * ask, a thousand times in one packet, and need not read any of it.
   */
  publish(document: OpenAPIObject): void {
    this.written = { json: Buffer.from(JSON.stringify(document)), page: Buffer.from(openApiPage(document)) };
  }

  @Public()
  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  json(): Buffer {
    return this.published().json;
  }

  @Public()
  @Get(['docs', ''])
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
  page(): Buffer {
    return this.published().page;
  }

  private published(): NonNullable<DocsController['written']> {
    if (this.written !== undefined) return this.written;
    throw new GatewayError({
      status: 503,
      type: 'service_unavailable',
      code: 'starting',
      message: 'The gateway is starting.',
    });
  }
}
