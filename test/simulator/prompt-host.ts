import { createHash } from 'node:crypto';
import { type Answer, json } from './answer';
import { type SeenRequest } from './journal';
import { askedOf, type Routed, type World } from './world';

const knownFiles = [
  'prompt.md',
  'gpt_5_codex_prompt.md',
  'gpt_5_1_prompt.md',
  'gpt_5_2_prompt.md',
  'gpt-5.1-codex-max_prompt.md',
  'gpt-5.2-codex_prompt.md',
];

/** The prompt files of the CLI's repository, as a raw file host serves them. */
export class PromptFiles {
  /** Tag of the newest release. */
  tag = 'rust-v0.169.0';
  private texts = new Map<string, string>();

  constructor() {
    this.reset();
  }

  /** @returns the text of a file at a tag; undefined when there is no such file. */
  read(tag: string, file: string): string | undefined {
    const text = this.texts.get(file);
    return text === undefined ? undefined : `${text} Release ${tag}.`;
  }

  /** Changes (or with undefined removes) a file. */
  write(file: string, text: string | undefined): void {
    if (text === undefined) this.texts.delete(file);
    else this.texts.set(file, text);
  }

  reset(): void {
    this.tag = 'rust-v0.169.0';
    this.texts = new Map(knownFiles.map((file) => [file, `You are a simulated coding agent, prompt file ${file}.`]));
  }
}

/** `GET /raw/<tag>/codex-rs/core/<file>` with ETag and 304. */
export function promptRoute(world: World, seen: SeenRequest): Routed {
  const [, tag = '', file = ''] = /\/raw\/(.+)\/codex-rs\/core\/([^/]+)$/.exec(seen.path) ?? [];
  world.journal.counts.promptFetches += 1;
  return {
    script: world.scripts.prompts,
    usual: () => promptAnswer(world, seen, world.prompts.read(tag, file)),
    asked: askedOf(world, seen),
    isCodex: false,
  };
}

function promptAnswer({ journal }: World, seen: SeenRequest, text: string | undefined): Answer {
  if (text === undefined) return json(404, '404: Not Found');
  const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`;
  if (seen.headers['if-none-match'] !== etag) return json(200, text, { etag });
  journal.counts.promptNotModified += 1;
  return json(304, '', { etag });
}

/** `GET /releases/latest`: the newest tag, as the release API of the code host tells it. */
export function releaseRoute(world: World, seen: SeenRequest): Routed {
  return {
    script: world.scripts.releases,
    usual: () => json(200, { tag_name: world.prompts.tag, draft: false, prerelease: false }),
    asked: askedOf(world, seen),
    isCodex: false,
  };
}
