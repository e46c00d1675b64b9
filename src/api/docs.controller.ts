import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { Public } from '../keys/public.decorator';
import { GatewayError } from '../kernel/errors';
import { openApiPage } from './openapi';

/** The API reference, open to everybody: it holds routes, no data. */
@ApiExcludeController()
@Controller()
export class DocsController {
  private document: OpenAPIObject | undefined;

  /** Called once by the boot, when all controllers are known. */
  publish(document: OpenAPIObject): void {
    this.document = document;
  }

  @Public()
  @Get('openapi.json')
  json(): OpenAPIObject {
    return this.published();
  }

  @Public()
  @Get(['docs', ''])
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
  page(): string {
    return openApiPage(this.published());
  }

  private published(): OpenAPIObject {
    if (this.document !== undefined) return this.document;
    throw new GatewayError({
      status: 503,
      type: 'service_unavailable',
      code: 'starting',
      message: 'The gateway is starting.',
    });
  }
}
