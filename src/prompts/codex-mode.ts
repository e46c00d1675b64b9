/** Who may set `CODEX_MODE`. */
export interface CodexModes {
  readonly key: boolean | undefined;
  readonly deployment: boolean | undefined;
  readonly process: boolean;
}

/** The nearest to the caller counts: key, then deployment, then process. True: the official instructions lead. */
export function codexModeOf({ key, deployment, process }: CodexModes): boolean {
  return key ?? deployment ?? process;
}
