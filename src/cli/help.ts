/** What `--help` prints. Every command here is listed in the README. */
export const helpText = `Codex Gateway: an OpenAI-compatible gateway in front of the ChatGPT Codex backend.

  node dist/main.js [--config FILE] [--port N] [--host H]
      Serves. Without a file and flags: port 4000, the login of ~/.codex/auth.json, every model of its account.

  node dist/main.js check-config --config FILE [--json]
      Says for every key of the file whether it is honoured, mapped or ignored, and why. Status 1 on a fault.

  node dist/main.js version
  node dist/main.js help

Environment variables and the keys of config.yaml: docs/configuration.md`;
