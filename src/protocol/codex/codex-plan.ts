/** What is known of the model and the deployment when a canonical request becomes a Codex body. */
export interface CodexPlan {
  readonly slug: string;
  readonly profile: 'ordinary' | 'lite';
  /** Official prompt of the model; not empty. Unused in the caller's own mode, and when the input brings it. */
  readonly instructions: string;
  /** `CODEX_MODE`: true puts the official prompt first, false lets the caller's own words stand alone. */
  readonly officialMode: boolean;
  /** The caller is a Codex CLI: the prompt it brought is kept as it is. */
  readonly fromCodexCli: boolean;
  /** Effort named by the model name's suffix; the request's own wins. */
  readonly effort?: string | undefined;
  /** Highest effort of the caller's key, whoever named one. */
  readonly effortCeiling?: string | undefined;
  readonly supportsVerbosity: boolean;
  readonly supportsParallelToolCalls: boolean;
  /** What the catalog lists, lowest first; empty when nothing is known, then any effort passes. */
  readonly efforts: readonly string[];
  /** What `ultra` goes out as. */
  readonly ultraEffort: string;
  readonly serviceTiers: readonly string[];
}
