const general = `Codex Gateway: an OpenAI-compatible gateway in front of the ChatGPT Codex backend.`;
const more = `Environment variables and the keys of config.yaml: docs/configuration.md`;

/** What each command's `--help` prints, in the order of the whole page. */
const pages: ReadonlyMap<string, string> = new Map([
  [
    'serve',
    `  node dist/main.js [--config FILE] [--port N] [--host H]
      Serves. Without a file and flags: port 4000, the login of ~/.codex/auth.json, every model of its account.`,
  ],
  [
    'check-config',
    `  node dist/main.js check-config --config FILE [--json] [--probe]
      Says for every key of the file whether it is honoured, mapped or ignored, and why. Status 1 on a fault. With --probe
      the hosts of openai/ deployments are asked whether they have the Responses API; nothing is generated.`,
  ],
  [
    'login',
    `  node dist/main.js login [--name N] [--auth-file F | --store] [--config FILE] [--json]
      Signs in to ChatGPT with a code typed into any browser, and writes the login file (mode 0600). With --store there is
      no file: the gateway's state keeps the login under its name, for deployments with api_key: oauth:N.`,
  ],
  [
    'logout',
    `  node dist/main.js logout [--name N] [--auth-file F | --store] [--config FILE] [--revoke] [--json]
      Removes the gateway's copy of a login; with --revoke it ends at the login server for every program.`,
  ],
  [
    'accounts',
    `  node dist/main.js accounts [--config FILE] [--url GATEWAY [--key MASTER_KEY]] [--json]
      Every login: state, plan, expiry, last refresh, who rotated it last. Status 1 when one needs a person.
      With --url a running gateway is asked; without --key the master key of the settings is sent.`,
  ],
  ['version', '  node dist/main.js version'],
  ['help', '  node dist/main.js help'],
]);

/** What `--help` prints. Every command here is listed in the README. */
export const helpText = [general, ...pages.values(), more].join('\n\n');

/** What `<command> --help` prints; the whole page for a word that is no command. */
export function helpFor(command: string): string {
  const page = pages.get(command);
  return page === undefined ? helpText : `${page}\n\n${more}`;
}
