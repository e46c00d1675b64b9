import { callExtras } from './call-extras';

const names = { customer: ['x-first', 'x-second'], tags: ['x-job'] };
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
    const without = (all: Readonly<Record<string, string | object>>, count: number): Record<string, string> =>
      Object.fromEntries(Object.entries(all).slice(count)) as Record<string, string>;
    const found = [0, 1, 2, 3].map((gone) => callExtras(without(headers, gone), body, names).customerId);
    found.push(...[0, 1, 2, 3, 4].map((gone) => callExtras({}, without(body, gone), names).customerId));
    expect(found).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', undefined]);
    expect(callExtras({ 'x-second': 'd' }, {}, { ...names, customer: [] }).customerId).toBeUndefined();
  });

  it('is never a key, nor are tags and notes for the spend log', () => {
    const body = { user: `is ${key}`, metadata: { tags: ['fine', key], spend_logs_metadata: { note: [key] } } };
    expect(callExtras({ 'x-litellm-tags': `${key},also fine` }, body, names)).toEqual({ tags: ['also fine', 'fine'] });
    expect(callExtras({ 'x-litellm-customer-id': key }, { user: 'ann' }, names).customerId).toBe('ann');
    const kept = { metadata: { spend_logs_metadata: { note: 'task-sk-1' } } };
    expect(callExtras({}, kept, names).metadata).toEqual({ note: 'task-sk-1' });
  });
});
