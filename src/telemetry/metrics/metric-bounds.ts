/** Upper bounds of histogram buckets, ascending. Seconds unless said otherwise. */

/** LiteLLM's own: half seconds to ten, then the long answers; finer below one, where a gateway's own part lies. */
export const answerBounds: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.075,
  0.1,
  0.25,
  0.5,
  0.75,
  1,
  ...Array.from({ length: 18 }, (_, step) => 1.5 + step * 0.5),
  15,
  20,
  25,
  30,
  60,
  120,
  180,
  240,
  300,
];

/** Steps inside one process or one data centre. */
export const stepBounds: readonly number[] = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 20,
];

/** Between two tokens. */
export const tokenGapBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 5,
];

/** Calls made for one request; a plain number. */
export const attemptBounds: readonly number[] = [1, 2, 3, 4, 6, 8];

/** As the GenAI conventions of OpenTelemetry advise; tokens. */
export const genAiTokenBounds: readonly number[] = Array.from({ length: 14 }, (_, power) => 4 ** power);

/** As the GenAI conventions of OpenTelemetry advise. */
export const genAiDurationBounds: readonly number[] = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);

/** As the GenAI conventions of OpenTelemetry advise. */
export const genAiFirstChunkBounds: readonly number[] = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
