import { type InputItem } from '../../protocol/canonical/canonical-request';
import { type CanonicalCall, type NativeRequest } from '../../upstream/upstream';
import { LocalPins } from '../board/local-pins';
import { bondsOf, sealPin } from './bonds';
import { Conversations, type Writing } from './conversations';
import { withoutForeign } from './open-call';
import { sealedIn, sealedInBytes, tailOf } from './seal-scan';

const blob = (name: string): string => `gAAAA${name.repeat(40)}`;
const reasoning = (name: string): InputItem => ({ type: 'reasoning', summary: [], encrypted_content: blob(name) });
const compaction = (name: string): InputItem => ({ type: 'compaction', encrypted_content: blob(name) });
const said = (role: string, text: string): InputItem => ({
  type: 'message',
  role,
  content: [{ type: 'input_text', text }],
});

function canonical(input: readonly InputItem[], more: Partial<CanonicalCall['request']> = {}): CanonicalCall {
  return { kind: 'canonical', request: { model: 'm', input, ...more }, fromCodexCli: false, isWire: false };
}

function native(body: unknown, headers: Readonly<Record<string, string>> = {}, spaced = false): NativeRequest {
  const text = spaced ? JSON.stringify(body, null, 1) : JSON.stringify(body);
  return { kind: 'native', model: 'm', body: Buffer.from(text), headers };
}

describe('what another account cannot open', () => {
  const input = [said('user', 'Hi "encrypted_content":"no"'), reasoning('one'), compaction('two'), reasoning('three')];

  it('is found in a request, and in the bytes of one', () => {
    const tails = ['one', 'two', 'three'].map((name) => tailOf(blob(name)));
    expect(sealedIn(input).map(({ tail }) => tail)).toEqual(tails);
    expect(sealedIn(input).map(({ kind }) => kind)).toEqual(['reasoning', 'compaction', 'reasoning']);
    expect(sealedInBytes(native({ input }).body).map(({ tail }) => tail)).toEqual(tails);
    expect(sealedInBytes(native({ input }, {}, true).body).map(({ tail }) => tail)).toEqual(tails);
  });

  it('is not found where there is none', () => {
    expect(
      sealedInBytes(Buffer.from('{"encrypted_content":null,"x":{"encrypted_content":""},"encrypted_content"')),
    ).toEqual([]);
    expect(sealedIn([{ type: 'reasoning', encrypted_content: '' }, { type: 'reasoning' }])).toEqual([]);
  });

  it('is left out of a call, and everything else stays in its place', () => {
    const call = canonical([said('user', 'a'), reasoning('one'), said('assistant', 'b'), reasoning('two')]);
    const opened = withoutForeign(call, ({ tail }) => tail === tailOf(blob('one')));
    expect(opened.dropped).toBe(1);
    expect(opened.call).toMatchObject({
      request: { input: [{ role: 'user' }, { role: 'assistant' }, { type: 'reasoning' }] },
    });
    expect(call.request.input).toHaveLength(4);
  });

  it('is left out of a CLI’s own bytes too, with the turn state of the account that made it', () => {
    const call = native(
      { model: 'm', input: [said('user', 'ä'), reasoning('one')], store: false },
      { 'x-codex-turn-state': 's', version: '1' },
    );
    const opened = withoutForeign(call, () => true);
    expect(opened.dropped).toBe(1);
    const changed = opened.call as NativeRequest;
    expect(JSON.parse(changed.body.toString())).toEqual({ model: 'm', input: [said('user', 'ä')], store: false });
    expect(changed.headers).toEqual({ version: '1' });
    expect(withoutForeign(call, () => false).call).toBe(call);
  });

  it('stays where it stands for a whole history', () => {
    const call = canonical([compaction('old'), reasoning('one')]);
    expect(withoutForeign(call, () => true)).toEqual({ call, dropped: 0, irreplaceable: 1 });
  });
});

describe('the key of a conversation', () => {
  const keyOf = (call: CanonicalCall | NativeRequest, keyHash = 'k', session?: string): string | undefined =>
    bondsOf(call, keyHash, session).conversation;
  const long = 'You are thorough. '.repeat(400);

  it('is its cache key, and no other caller’s', () => {
    const call = canonical([said('user', 'Hi')], { prompt_cache_key: 'c1' });
    expect(keyOf(call)).toBe(keyOf(canonical([said('user', 'Else')], { prompt_cache_key: 'c1' })));
    expect(keyOf(call)).not.toBe(keyOf(call, 'other'));
    expect(keyOf(call)).not.toBe(keyOf(call, 'k', 'a session'));
  });

  it('is the session of a CLI, or the cache key in its body', () => {
    const body = { model: 'm', prompt_cache_key: 'c1', input: [] };
    expect(keyOf(native(body, { 'session-id': 's1' }))).toBe(keyOf(native({}, { 'session-id': 's1' })));
    expect(keyOf(native(body))).toBe(keyOf(canonical([], { prompt_cache_key: 'c1' })));
    expect(keyOf(native({ input: [] }))).toBeUndefined();
  });

  it('is the beginning of a long prompt, which stays the same as the conversation grows', () => {
    const first = canonical([said('user', 'Read this.')], { instructions: long });
    const later = canonical([said('user', 'Read this.'), said('assistant', 'Yes.'), said('user', 'And?')], {
      instructions: long,
    });
    expect(keyOf(first)).toBeDefined();
    expect(keyOf(later)).toBe(keyOf(first));
    expect(keyOf(canonical([said('user', 'Read that.')], { instructions: long }))).not.toBe(keyOf(first));
  });

  it('does not exist for a short prompt, which no upstream caches', () => {
    expect(keyOf(canonical([said('user', 'Hello?')]))).toBeUndefined();
  });

  it('is the same for text that came undecoded', () => {
    const text = `${long}ä`;
    const wire: CanonicalCall = {
      ...canonical([said('user', 'x')], { instructions: Buffer.from(text).toString('latin1') }),
      isWire: true,
    };
    expect(keyOf(wire)).toBe(keyOf(canonical([said('user', 'x')], { instructions: text })));
  });
});

describe('where a conversation belongs', () => {
  const nowMs = 1_800_000_000_000;
  const caller = { keyHash: 'k' };

  function memory(): { conversations: Conversations; writing: Writing; written: [string, string][] } {
    const written: [string, string][] = [];
    const pins = new LocalPins({ nowMs: () => nowMs });
    const conversations = new Conversations(pins);
    const write = (pin: string, value: string, ttlMs: number): void => {
      written.push([pin, value]);
      conversations.writer(pin, value, ttlMs);
    };
    return { conversations, written, writing: { write, ttlMs: 3_600_000, nowMs } };
  }

  async function found(
    conversations: Conversations,
    call: CanonicalCall,
  ): Promise<ReturnType<Conversations['whereabouts']>> {
    const bearings = conversations.bearings(call, caller, [], nowMs);
    return conversations.whereabouts(bearings, await conversations.ask(bearings), nowMs);
  }

  it('is with the account that sealed its newest item', async () => {
    const { conversations, writing } = memory();
    conversations.sealed('k', tailOf(blob('one')), 'a', writing);
    conversations.sealed('k', tailOf(blob('two')), 'b', writing);
    expect((await found(conversations, canonical([reasoning('one'), reasoning('two')]))).home).toBe('b');
    expect((await found(conversations, canonical([reasoning('one'), reasoning('three')]))).home).toBe('a');
    expect((await found(conversations, canonical([reasoning('three')]))).home).toBeUndefined();
    expect((await found(conversations, canonical([]))).home).toBeUndefined();
  });

  it('is nowhere once nobody could open what it holds', async () => {
    const { conversations, writing } = memory();
    conversations.unopenable([sealPin('k', tailOf(blob('one')))], writing);
    const whereabouts = await found(conversations, canonical([reasoning('one')]));
    expect(whereabouts.home).toBeUndefined();
    expect(whereabouts.accountOf(sealPin('k', tailOf(blob('one'))))).toBe('');
  });

  it('is learnt from other replicas, and not asked for twice', () => {
    const { conversations } = memory();
    const call = canonical([reasoning('one'), reasoning('two')]);
    const bearings = conversations.bearings(call, caller, ['d1'], nowMs);
    expect(bearings.question).toEqual({
      deploymentIds: ['d1'],
      pins: [sealPin('k', tailOf(blob('two'))), sealPin('k', tailOf(blob('one')))],
    });
    conversations.whereabouts(bearings, { pins: ['b', 'a'] }, nowMs);
    expect(conversations.bearings(call, caller, [], nowMs).question.pins).toEqual([]);
  });

  it('asks for the newest when there are too many', () => {
    const { conversations } = memory();
    const many = Array.from({ length: 50 }, (_, place) => reasoning(`n${place}`));
    const { pins } = conversations.bearings(canonical(many), caller, [], nowMs).question;
    expect(pins).toHaveLength(32);
    expect(pins[0]).toBe(sealPin('k', tailOf(blob('n49'))));
  });

  it('is where a stored answer is', async () => {
    const { conversations, writing } = memory();
    conversations.answered('k', 'resp_1', 'paid', writing);
    const call = canonical([], { sampling: { previous_response_id: 'resp_1' } });
    expect((await found(conversations, call)).home).toBe('paid');
  });

  it('is written down only where its key does not lead anyway, and renewed now and then', () => {
    const { conversations, writing, written } = memory();
    conversations.served('talk', { account: 'a', natural: 'a', pinned: undefined }, writing);
    expect(written).toEqual([]);
    conversations.served('talk', { account: 'b', natural: 'a', pinned: undefined }, writing);
    conversations.served('talk', { account: 'b', natural: 'a', pinned: 'b' }, { ...writing, nowMs: nowMs + 899_000 });
    expect(written).toEqual([['talk', 'b']]);
    conversations.served('talk', { account: 'b', natural: 'a', pinned: 'b' }, { ...writing, nowMs: nowMs + 901_000 });
    conversations.served('talk', { account: 'a', natural: 'a', pinned: 'b' }, writing);
    expect(written).toEqual([
      ['talk', 'b'],
      ['talk', 'b'],
      ['talk', 'a'],
    ]);
  });

  it('is not remembered when the operator wants none of it', () => {
    const { conversations, writing, written } = memory();
    conversations.served('talk', { account: 'b', natural: 'a', pinned: undefined }, { ...writing, ttlMs: 0 });
    expect(written).toEqual([]);
  });
});
