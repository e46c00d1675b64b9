/** What `--help` prints. Every command here is listed in the README. */
export const helpText = `Codex Gateway: an OpenAI-compatible gateway in front of the ChatGPT Codex backend.

  node dist/main.js [--config FILE] [--port N] [--host H]
      Serves. Without a file and flags: port 4000, the login of ~/.codex/auth.json, every model of its account.

  node dist/main.js check-config --config FILE [--json]
      Says for every key of the file whether it is honoured, mapped or ignored, and why. Status 1 on a fault.

  node dist/main.js login [--name N] [--auth-file F] [--config FILE] [--json]
      Signs in to ChatGPT with a code typed into any browser, and writes the login file (mode 0600).

  node dist/main.js logout [--name N] [--auth-file F] [--config FILE] [--revoke] [--json]
      Removes the gateway's copy of a login; with --revoke it ends at the login server for every program.

  node dist/main.js accounts [--config FILE] [--url GATEWAY [--key MASTER_KEY]] [--json]
      Every login: state, plan, expiry, last refresh, who rotated it last. Status 1 when one needs a person.
      With --url a running gateway is asked; without --key the master key of the settings is sent.

  node dist/main.js version
  node dist/main.js help

Environment variables and the keys of config.yaml: docs/configuration.md`;
