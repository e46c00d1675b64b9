import { type InputItem } from '../canonical/canonical-request';
import { codexBody } from './codex-body';
import { type CodexPlan } from './codex-plan';

const plan: CodexPlan = {
  slug: 'gpt-5.5',
  profile: 'ordinary',
  instructions: 'OFFICIAL',
  officialMode: true,
  fromCodexCli: true,
  supportsVerbosity: true,
  supportsParallelToolCalls: true,
  efforts: [],
  ultraEffort: 'xhigh',
  serviceTiers: [],
};
const user: InputItem = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] };

describe('input for the Codex backend', () => {
  it('goes without marks for the prompt cache, which the backend refuses, and says so', () => {
    const prompt_cache_breakpoint = { mode: 'explicit' };
    const text = { type: 'input_text', text: 'hi' };
    const call: InputItem = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
    const marked: InputItem = { ...user, content: [{ ...text, prompt_cache_breakpoint }, text] };
    const result = (part: object): InputItem => ({ type: 'function_call_output', call_id: 'c', output: [part] });
    const request = { model: 'm', input: [marked, call, result({ ...text, prompt_cache_breakpoint })] };
    for (const profile of ['ordinary', 'lite'] as const) {
      const { body, dropped } = codexBody(request, { ...plan, fromCodexCli: false, profile });
      const input = body['input'] as readonly unknown[];
      expect(input.slice(-3)).toEqual([{ ...user, content: [text, text] }, call, result(text)]);
      expect(dropped).toEqual(['prompt_cache_breakpoint']);
    }
    expect(marked['content']).toEqual([{ ...text, prompt_cache_breakpoint }, text]);
  });

  it('holds an effort that an item of it asks for under the ceiling', () => {
    const update = (effort: unknown): InputItem => ({ type: 'configuration_update', reasoning: { effort, x: 1 } });
    const silent: InputItem = { type: 'configuration_update', reasoning: { effort: null } };
    const input = [update('xhigh'), user, update('low'), update(7), silent];
    const held = codexBody({ model: 'm', input, instructions: 'MINE' }, { ...plan, effortCeiling: 'medium' }).body;
    expect(held['input']).toEqual([update('medium'), user, update('low'), update('medium'), silent]);
    expect(codexBody({ model: 'm', input, instructions: 'MINE' }, plan).body['input']).toEqual(input);
  });
});
