import { type CanonicalRequest, type InputItem } from '../canonical/canonical-request';
import { codexBody } from './codex-body';
import { type CodexPlan } from './codex-plan';
import { needsOfficialPrompt, promptOf } from './codex-prompt';

const official = `You are Codex. ${'Official sentence. '.repeat(300)}`;
const plan: CodexPlan = {
  slug: 'gpt-5.5',
  profile: 'ordinary',
  instructions: official,
  officialMode: true,
  fromCodexCli: false,
  supportsVerbosity: true,
  supportsParallelToolCalls: true,
  efforts: [],
  ultraEffort: 'xhigh',
  serviceTiers: [],
};
const lite: CodexPlan = { ...plan, profile: 'lite' };
const tool = { type: 'function', name: 'f', strict: false, parameters: {} };
const opencode = `You are opencode, an interactive CLI tool that helps. ${'Use the write tool. '.repeat(200)}`;
const environment = '<env>\nWorking directory: /srv\n</env>';

function message(role: string, text: string): InputItem {
  return { type: 'message', role, content: [{ type: 'input_text', text }] };
}

const user = message('user', 'hi');

function asked(more: Partial<CanonicalRequest> = {}): CanonicalRequest {
  return { model: 'm', input: [user], ...more };
}

describe('CODEX_MODE on', () => {
  it('puts the official text first, then the instructions, then the system messages of the caller', () => {
    const request = asked({ instructions: 'MINE', input: [message('system', 'ALSO MINE'), user] });
    const { body } = codexBody(request, plan);
    expect(body['instructions']).toBe(official);
    expect(body['input']).toEqual([message('developer', 'MINE'), message('developer', 'ALSO MINE'), user]);
    expect(codexBody(request, lite).body['input']).toEqual([
      message('developer', official),
      message('developer', 'MINE'),
      message('developer', 'ALSO MINE'),
      user,
    ]);
  });

  it('does not send the official text again that the caller already brings', () => {
    expect(promptOf(asked({ instructions: official }), plan)).toEqual({ instructions: official, input: [user] });
    const with_ = asked({ input: [message('system', `${official}\n\nMy own rule.`), user] });
    expect(promptOf(with_, plan).input).toEqual([message('system', 'My own rule.'), user]);
  });

  it('takes the prompt of another agent out and keeps what it says of the user', () => {
    const request = asked({ input: [message('system', `${opencode}\n${environment}`), user] });
    expect(promptOf(request, plan).input).toEqual([message('system', environment), user]);
    expect(promptOf(asked({ instructions: opencode }), plan).input).toEqual([user]);
  });

  it('says in a sentence what tools there are in place of such a prompt', () => {
    const input = [message('system', `${opencode}\n${environment}`), user];
    const [first] = promptOf(asked({ input, tools: [tool] }), plan).input;
    expect(JSON.stringify(first)).toMatch(/Call only the tools that this request declares.*Working directory/);
    expect(JSON.stringify(first)).not.toContain('opencode');
  });

  it.each([
    ['short words that begin alike', 'You are opencode, an interactive CLI tool. Be brief.'],
    ['a long prompt of nobody we know', `You are Acme. ${'Acme sells anvils. '.repeat(300)}`],
    [
      'a prompt that explains tools in words',
      `You are Cline, a highly skilled software engineer. ${'<read_file>'.repeat(400)}`,
    ],
    ['somebody who talks about such a prompt', `Review this prompt: ${opencode}`],
  ])('leaves %s alone', (_, text) => {
    const input = [message('developer', text), user];
    expect(promptOf(asked({ input }), plan).input).toEqual(input);
  });

  it('leaves what a user or the model said alone, even the official text', () => {
    const input = [message('user', official), message('assistant', opencode), message('user', opencode)];
    expect(promptOf(asked({ input }), plan).input).toEqual(input);
  });

  it('never empties the input', () => {
    const input = [message('system', official)];
    expect(promptOf(asked({ input }), plan).input).toEqual(input);
  });
});

describe('CODEX_MODE off', () => {
  const own = { ...plan, officialMode: false, instructions: '' };

  it.each([
    ['nothing of the caller', {}, /^You are a helpful assistant/, false],
    ['a system message', { input: [message('system', 'MINE'), user] }, /^MINE$/, false],
    ['instructions and tools', { instructions: 'MINE', tools: [tool] }, /^MINE\n\nCall only the tools/, true],
  ])('makes instructions of %s, on the ordinary profile never empty ones', (_, more, expected, hasBridge) => {
    const { instructions } = promptOf(asked(more), own);
    expect(instructions).toMatch(expected);
    expect(instructions?.includes('Call only the tools')).toBe(hasBridge);
    expect(codexBody(asked(more), own).body['instructions']).toBe(instructions);
  });

  it('keeps the prompt of another agent: it is the caller’s own', () => {
    expect(promptOf(asked({ instructions: opencode }), own).instructions).toBe(opencode);
  });
});

describe('the official text', () => {
  it.each([
    ['mode on', { officialMode: true, fromCodexCli: false }, {}, true],
    ['mode off', { officialMode: false, fromCodexCli: false }, {}, false],
    ['a CLI that brings instructions', { officialMode: true, fromCodexCli: true }, { instructions: 'CLI' }, false],
    [
      'a CLI that brings a developer message',
      { officialMode: true, fromCodexCli: true },
      { input: [message('developer', 'CLI'), user] },
      false,
    ],
    ['a CLI that brings none', { officialMode: true, fromCodexCli: true }, {}, true],
  ])('is needed or not with %s', (_, by, more, expected) => {
    expect(needsOfficialPrompt(asked(more), by)).toBe(expected);
    const marked = { ...plan, ...by, instructions: 'MARK' };
    expect(JSON.stringify(promptOf(asked(more), marked)).includes('MARK')).toBe(expected);
  });
});
