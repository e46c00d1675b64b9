/** The model catalog that the mock serves: one listed model with its official prompt, in the backend's shape. */
import { benchModel, catalogInstructions } from './workloads.mjs';

const efforts = ['low', 'medium', 'high', 'xhigh'];

/** JSON of `GET /backend-api/codex/models`. */
export const catalogJson = JSON.stringify({
  models: [
    {
      slug: benchModel,
      display_name: 'GPT-5.5',
      description: 'The model of the benchmark.',
      default_reasoning_level: 'medium',
      supported_reasoning_levels: efforts.map((effort) => ({ effort, description: `Thinks at ${effort} effort.` })),
      default_reasoning_summary: 'none',
      supports_reasoning_summaries: true,
      support_verbosity: true,
      default_verbosity: 'low',
      input_modalities: ['text', 'image'],
      supports_parallel_tool_calls: true,
      use_responses_lite: false,
      multi_agent_reasoning_effort: null,
      context_window: 272_000,
      max_context_window: 272_000,
      visibility: 'list',
      minimal_client_version: '0.124.0',
      supported_in_api: true,
      priority: 1,
      upgrade: null,
      service_tiers: [{ id: 'priority', name: 'Fast', description: 'Faster answers.' }],
      model_messages: { instructions_template: catalogInstructions },
    },
  ],
});
