/**
 * Reads the part of the Dockerfile language that our Dockerfile uses, and refuses the rest: what cannot be built here the
 * same way must not be written there.
 */
const known = new Set([
  'ARG', 'FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'LABEL', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK',
  'ENTRYPOINT',
]); // prettier-ignore

/**
 * @param text of a Dockerfile.
 * @param args values of build arguments.
 * @returns the stages in order: `{name, base, instructions: [{keyword, words, flags, text, line}]}`.
 */
export function readDockerfile(text, args = {}) {
  const scope = new Map();
  const stages = [];
  for (const instruction of instructionsOf(text)) {
    const { keyword, line } = instruction;
    if (!known.has(keyword)) throw new Error(`Dockerfile:${line}: ${keyword} is not understood here.`);
    if (keyword === 'ARG') declare(instruction, args, scope);
    else if (keyword === 'FROM') stages.push(stageOf(instruction, scope));
    else if (stages.length === 0) throw new Error(`Dockerfile:${line}: ${keyword} stands before FROM.`);
    else stages.at(-1).instructions.push(expanded(instruction, scope));
  }
  return stages;
}

function declare({ text }, args, scope) {
  const [, name, value = ''] = /^(\w+)(?:=(.*))?$/.exec(text) ?? [];
  scope.set(name, args[name] ?? unquoted(value));
}

function stageOf({ text, line }, scope) {
  const [, base, name] = /^(\S+)\s+AS\s+([a-z0-9-]+)$/.exec(substituted(text, scope)) ?? [];
  if (name === undefined) throw new Error(`Dockerfile:${line}: FROM wants "image AS name".`);
  return { name, base, instructions: [] };
}

function expanded(instruction, scope) {
  const { keyword } = instruction;
  // The shell and Node replace their own variables.
  const isCommand = ['RUN', 'HEALTHCHECK', 'ENTRYPOINT'].includes(keyword);
  const text = isCommand ? instruction.text : substituted(instruction.text, scope);
  const flags = {};
  let rest = text;
  for (;;) {
    const [whole, name, value] = /^--([a-z-]+)=(\S+)\s+/.exec(rest) ?? [];
    if (whole === undefined) break;
    flags[name] = value;
    rest = rest.slice(whole.length);
  }
  return { ...instruction, text, flags, rest };
}

/** Joined over `\` at line ends, without comments and blank lines. */
function instructionsOf(text) {
  const found = [];
  let open;
  text.split('\n').forEach((raw, index) => {
    if (/^\s*(#|$)/.test(raw)) return;
    const goesOn = raw.endsWith('\\');
    const part = (goesOn ? raw.slice(0, -1) : raw).trim();
    open = open === undefined ? { line: index + 1, text: part } : { ...open, text: `${open.text} ${part}` };
    if (goesOn) return;
    const [, keyword, rest] = /^([A-Z]+)\s+(.*)$/.exec(open.text) ?? [];
    if (keyword === undefined) throw new Error(`Dockerfile:${open.line}: no instruction.`);
    found.push({ keyword, text: rest, line: open.line });
    open = undefined;
  });
  return found;
}

function substituted(text, scope) {
  return text.replace(/\$\{(\w+)\}/g, (_, name) => scope.get(name) ?? '');
}

/** `KEY=value KEY="value with spaces"` as a map. */
export function pairsOf(text) {
  const pairs = [...text.matchAll(/([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, unquoted(value)]));
}

function unquoted(value) {
  return value.startsWith('"') ? JSON.parse(value) : value;
}

/** What a container engine would know of a stage beside its files; a stage inherits it from its base. */
export function configOf({ instructions }, base = {}) {
  const config = structuredClone({ env: {}, labels: {}, volumes: [], ports: [], ...base });
  const set = {
    ENV: ({ text }) => Object.assign(config.env, pairsOf(text)),
    LABEL: ({ text }) => Object.assign(config.labels, pairsOf(text)),
    VOLUME: ({ text }) => config.volumes.push(...JSON.parse(text)),
    EXPOSE: ({ text }) => config.ports.push(...text.split(/\s+/).map(Number)),
    USER: ({ text }) => (config.user = text),
    WORKDIR: ({ text }) => (config.workdir = text),
    STOPSIGNAL: ({ text }) => (config.stopSignal = text),
    ENTRYPOINT: ({ text }) => (config.entrypoint = JSON.parse(text)),
    HEALTHCHECK: ({ rest, flags }) =>
      (config.healthcheck = { ...flags, test: JSON.parse(rest.replace(/^CMD\s+/, '')) }),
  };
  for (const instruction of instructions) set[instruction.keyword]?.(instruction);
  return config;
}
