import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { chatToCanonical } from '../protocol/chat/chat-to-canonical';
import { clientRequest } from './client-request';

const options = {
  dropParams: true,
  maxImageBytes: 1_000_000,
  alwaysIncludeStreamUsage: false,
  hash: (text: string) => text,
};

/** As the body reader hands it over when it prefers wire text. */
function wireBody(text: string) {
  const bytes = Buffer.from(text);
  return { json: JSON.parse(bytes.toString('latin1')) as unknown, bytes, isWire: true };
}

function counted() {
  const seen = { times: 0 };
  const map = (json: unknown): ClientRequest => {
    seen.times += 1;
    return chatToCanonical(json, options);
  };
  return { seen, map };
}

it('maps a body of ASCII once, also when it cannot be mapped', () => {
  const { seen, map } = counted();
  expect(() => clientRequest(wireBody('{"model":"m","messages":"none"}'), map)).toThrow("'messages'");
  expect(seen.times).toBe(1);
});

it('maps a body beyond ASCII again when it cannot be mapped, and names its fault in decoded words', () => {
  const { seen, map } = counted();
  const body = wireBody('{"model":"m","messages":[{"role":"prüfer","content":"x"}]}');
  expect(() => clientRequest(body, map)).toThrow(/^(?!.*Ã)/);
  expect(seen.times).toBe(2);
});

it('keeps a readable conversation as wire text, and decodes one whose model is named beyond ASCII', () => {
  const { map } = counted();
  const messages = '"messages":[{"role":"user","content":"grün"}]';
  expect(clientRequest(wireBody(`{"model":"m",${messages}}`), map).isWire).toBe(true);
  const decoded = clientRequest(wireBody(`{"model":"grün",${messages}}`), map);
  expect([decoded.isWire, decoded.client.canonical.model]).toEqual([false, 'grün']);
});
