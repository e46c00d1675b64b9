/** A JSON object as it came from a parser: unknown values, own keys only. Never copy one with `Object.assign` or a spread onto a class. */
export type JsonObject = Record<string, unknown>;

/** One entry of a Responses `input` array. */
export type InputItem = JsonObject & { type: string };

/** One flat Responses tool. */
export type ToolDefinition = JsonObject & { type: string };

/**
 * The inner language for questions: an OpenAI Responses request in its wire spelling.
 *
 * Both client dialects are mapped to it and both upstream dialects are made from it. Holds only fields that
 * some upstream accepts; what a client sent beyond them is named in `ClientRequest.droppedParams`.
 */
export interface CanonicalRequest {
  /** Name as the client asked for it: a model group, an alias or a slug. */
  readonly model: string;
  readonly input: readonly InputItem[];
  readonly instructions?: string;
  readonly tools?: readonly ToolDefinition[];
  readonly tool_choice?: unknown;
  readonly parallel_tool_calls?: boolean;
  readonly reasoning?: JsonObject;
  readonly text?: JsonObject;
  readonly include?: readonly string[];
  readonly prompt_cache_key?: string;
  readonly service_tier?: string;
  readonly client_metadata?: JsonObject;
  /** Sampling and output caps: only `openai/` deployments take them, the Codex backend refuses them (protocol 4.3). */
  readonly sampling?: JsonObject;
}

/** How the client wants a chat answer told. */
export interface ChatOptions {
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean;
  /** Stop sequences, applied at our edge; at most 4, none empty. */
  readonly stop: readonly string[];
  /** The request used the legacy `functions` field: answer with `function_call`. */
  readonly legacyFunctions: boolean;
  /** Short tool name that went upstream → the client's own name; only the shortened ones. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** Names of tools that the client declared as `custom`; their calls come back as `custom` tool calls. */
  readonly customTools: ReadonlySet<string>;
}

/** A parsed request of any JSON dialect. */
export interface ClientRequest {
  readonly canonical: CanonicalRequest;
  readonly stream: boolean;
  /** Fields that were understood but cannot be honoured, sorted; told in `x-codex-gateway-dropped-params`. */
  readonly droppedParams: readonly string[];
  /** For `/responses`: short tool name that went upstream → the client's own name; only the shortened ones. */
  readonly toolNames?: ReadonlyMap<string, string>;
  /** Present for `/chat/completions` only. */
  readonly chat?: ChatOptions;
}
