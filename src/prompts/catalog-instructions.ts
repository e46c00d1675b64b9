import { Injectable } from '@nestjs/common';
import { Instructions } from './instructions';

/** Sent when neither the catalog nor the caller has instructions: the ordinary profile refuses a request without any. */
export const defaultInstructions =
  'You are a capable assistant and programmer. Answer the request directly and accurately.';

/** Instructions as the account's catalog carries them, else the short default. */
@Injectable()
export class CatalogInstructions extends Instructions {
  officialFor(_: string, fromCatalog: string | undefined): Promise<string> {
    return Promise.resolve(fromCatalog === undefined || fromCatalog.trim() === '' ? defaultInstructions : fromCatalog);
  }
}
