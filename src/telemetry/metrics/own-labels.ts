import { type MetricsSettings } from '../../config/observability-settings';
import { type RequestRecord } from '../../kernel/observer';
import { plainAt, type PlainValues } from '../../kernel/plain-values';

/** Characters of a value; the operator chose to show it, its length is still a client's. */
const longestValue = 128;

interface OwnLabel {
  readonly name: string;
  readonly valueIn: (record: RequestRecord) => string;
}

/** Labels that the operator made of metadata (`metadata_NAME`) and of tags (`tag_NAME`, true or false). */
export class OwnLabels {
  private readonly labels: readonly OwnLabel[];

  constructor({ metadataLabels, tagLabels }: Pick<MetricsSettings, 'metadataLabels' | 'tagLabels'>) {
    const made = [...metadataLabels.map(metadataLabel), ...tagLabels.map(tagLabel)];
    // Two spellings may end as one name, which a metric may have once.
    this.labels = [...new Map(made.map((label) => [label.name, label])).values()];
  }

  get names(): readonly string[] {
    return this.labels.map(({ name }) => name);
  }

  /** In the order of `names`. */
  valuesIn(record: RequestRecord): readonly string[] {
    return this.labels.length === 0 ? none : this.labels.map(({ valueIn }) => valueIn(record));
  }
}

const none: readonly string[] = [];

function metadataLabel(path: string): OwnLabel {
  return {
    name: nameOf(`metadata_${path}`),
    // What the operator wrote goes before what a caller says.
    valueIn: ({ principal, labelled, metadata }) => {
      const value = own(principal?.labelled, path) ?? own(labelled, path) ?? plainAt(metadata, path);
      return value === undefined ? 'None' : String(value).slice(0, longestValue);
    },
  };
}

/** A tag with `*` stands for all that match it; user agents count as tags `User-Agent: …`, as in LiteLLM. */
function tagLabel(tag: string): OwnLabel {
  const parts = tag.split('*');
  return {
    name: nameOf(`tag_${tag}`),
    valueIn: ({ tags, userAgent }) => {
      const all = [...(tags ?? []), `User-Agent: ${userAgent}`];
      return String(all.some((one) => matches(one, parts)));
    },
  };
}

/** Linear in the text: each part is looked for behind the one before. */
function matches(text: string, parts: readonly string[]): boolean {
  const [head = '', ...rest] = parts;
  if (rest.length === 0) return text === head;
  if (!text.startsWith(head)) return false;
  const tail = rest.pop() ?? '';
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - at >= tail.length && text.endsWith(tail);
}

function own(values: PlainValues | undefined, path: string): PlainValues[string] | undefined {
  return values !== undefined && Object.hasOwn(values, path) ? values[path] : undefined;
}

function nameOf(text: string): string {
  return text.replace(/\W/g, '_');
}
