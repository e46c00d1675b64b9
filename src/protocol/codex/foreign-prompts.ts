import { trimAsciiStart } from '../wire/wire-trim';

/** How the prompt of another agent program is known, and which part of it is the user's and stays. */
interface ForeignPrompt {
  /** The program's own prompt begins with one of these. */
  readonly begins: readonly string[];
  /** From the first of these on it speaks of this machine, this project or this user. */
  readonly keepFrom: readonly string[];
}

/**
 * Agent programs whose long prompt tells the model to be somebody else, with other tools and other manners than the
 * official instructions say. Only programs that declare their tools in the request are listed: a prompt that explains
 * its tools in words (Cline, Roo) must stay, or the tools would be gone.
 */
const foreignPrompts: readonly ForeignPrompt[] = [
  {
    begins: [
      'You are opencode, an interactive CLI tool',
      'You are OpenCode, the best coding agent on the planet',
      'You are OpenCode, You and the user share the same workspace',
      'You are a coding agent running in the opencode',
    ],
    keepFrom: ['Here is some useful information about the environment', '<env>', 'Instructions from:'],
  },
  {
    begins: [
      "You are Claude Code, Anthropic's official CLI for Claude",
      'You are an interactive CLI tool that helps users with software engineering tasks',
    ],
    keepFrom: ['Here is useful information about the environment', '<env>', '# claudeMd', 'Contents of '],
  },
  {
    begins: [
      'You are a coding agent running in the Codex CLI',
      'You are Codex, based on GPT-5',
      'You are GPT-5.1 running in the Codex CLI',
      'You are GPT-5.2 running in the Codex CLI',
    ],
    keepFrom: ['<environment_context>', '<user_instructions>', '# AGENTS.md instructions for'],
  },
  {
    begins: ['You are an interactive CLI agent specializing in software engineering tasks'],
    keepFrom: ['# Contextual Information', '--- Context from:'],
  },
];

/** Somebody's own few sentences may begin alike; what such a program brings is long. */
const shortestForeign = 2_000;

/** @returns what remains of another agent's prompt, perhaps nothing; undefined when the text is none. */
export function withoutForeignPrompt(text: string): string | undefined {
  if (text.length < shortestForeign) return undefined;
  const start = trimAsciiStart(text);
  const found = foreignPrompts.find(({ begins }) => begins.some((words) => start.startsWith(words)));
  if (found === undefined) return undefined;
  const places = found.keepFrom.map((words) => start.indexOf(words)).filter((place) => place >= 0);
  return places.length === 0 ? '' : start.slice(Math.min(...places));
}
