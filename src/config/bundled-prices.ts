import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PriceTable, readPriceTable } from '../protocol/pricing/price-table';

/** Reads the price list that is shipped beside this module. @throws {Error} when it is damaged. */
export function readBundledPrices(): PriceTable {
  return readPriceTable(JSON.parse(readFileSync(join(__dirname, 'list-prices.json'), 'utf8')));
}
