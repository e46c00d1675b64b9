import { type JsonObject } from './canonical/canonical-request';
import { type MappingOptions } from './mapping-options';

const maxLength = 64;
const legalName = /^[a-zA-Z0-9_-]{1,64}$/;
const digestLength = 8;

/**
 * Tool names as the upstream takes them: at most 64 characters of `[a-zA-Z0-9_-]`.
 *
 * A name that does not fit becomes its legal beginning plus a piece of its digest: the same name gives the same short
 * name in every request, which a prompt cache needs, and two long names that begin alike stay apart.
 */
export class ToolNames {
  private readonly shortened = new Map<string, string>();

  constructor(private readonly hash: MappingOptions['hash']) {}

  /** The name to send upstream. */
  upstreamName(own: string): string {
    if (legalName.test(own)) return own;
    const digest = legal(this.hash(own)).slice(0, digestLength);
    const short = `${legal(own).slice(0, maxLength - digestLength - 1)}_${digest}`;
    this.shortened.set(short, own);
    return short;
  }

  /** As `upstreamName`, for a dialect that is the upstream's own: only a name that is too long is changed. */
  fittingName(own: string): string {
    return own.length <= maxLength ? own : this.upstreamName(own);
  }

  /** Short name → the client's own; only the shortened ones. */
  get mapping(): ReadonlyMap<string, string> {
    return this.shortened;
  }
}

/** A tool, a choice or a call whose name the upstream takes; the same object when it does already. */
export function withFittingName<Named extends JsonObject>(named: Named, names: ToolNames): Named {
  const { name } = named;
  if (typeof name !== 'string' || name.length <= maxLength) return named;
  return { ...named, name: names.fittingName(name) };
}

function legal(text: string): string {
  return text.replace(/[^a-zA-Z0-9_-]/g, '_');
}
