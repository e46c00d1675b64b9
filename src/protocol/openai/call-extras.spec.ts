import { callExtras } from './call-extras';

const names = { customer: ['x-first', 'x-second'] };
const key = 'sk-0123456789abcdefghij';

describe('the customer of a request', () => {
  it("is who the first of LiteLLM's headers, the operator's headers and the fields of the body names", () => {
    const headers = { 'x-litellm-customer-id': 'a', 'x-litellm-end-user-id': 'b', 'x-first': 'c', 'x-second': 'd' };
    const body = {
      user: 'e',
      litellm_metadata: { user: 'f' },
      metadata: { user_id: 'g' },
      safety_identifier: 'h',
    };
    const found: (string | undefined)[] = [];
    const from = (fields: object, at: number): Record<string, never> => Object.fromEntries(Object.entries(fields).slice(at)); // prettier-ignore
    for (const at of Object.keys(headers).keys()) found.push(callExtras(from(headers, at), body, names).customerId);
    for (const at of Object.keys(body).keys()) found.push(callExtras({}, from(body, at), names).customerId);
    expect(found).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    expect(callExtras({}, {}, names).customerId).toBeUndefined();
    expect(callExtras({ 'x-second': 'd' }, {}, { customer: [] }).customerId).toBeUndefined();
  });

  it('is never a key, nor are tags and notes for the spend log', () => {
    const body = { user: `is ${key}`, metadata: { tags: ['fine', key], spend_logs_metadata: { note: [key] } } };
    expect(callExtras({ 'x-litellm-tags': `${key},also fine` }, body, names)).toEqual({ tags: ['also fine', 'fine'] });
    expect(callExtras({ 'x-litellm-customer-id': key }, { user: 'ann' }, names).customerId).toBe('ann');
    const kept = { metadata: { spend_logs_metadata: { note: 'task-sk-1' } } };
    expect(callExtras({}, kept, names).metadata).toEqual({ note: 'task-sk-1' });
  });
});
