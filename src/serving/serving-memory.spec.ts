import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settingsFor } from '../../test/support/settings-for';
import { SystemClock } from '../config/system-clock';
import { type EventStream } from '../http/event-stream';
import { Stopper } from '../kernel/stop-signal';
import { GatewayLogger } from '../telemetry/logger';
import { type AnswerReader } from './answer-reader';
import { type Call } from './call';
import { type CallRunner } from './call-runner';
import { ServingService } from './serving.service';
import { type Settlement } from './settlement';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const answers = 40;
const answerBytes = 200_000;
/** Books that are being written for as long as the suite runs; kept, or nobody would be there to wait for them. */
const writing: Promise<void>[] = [];
const settlement = {
  begun: () => undefined,
  close: () => {
    const written = new Promise<void>(() => undefined);
    writing.push(written);
    return written;
  },
};

/** Tells one long answer at once. */
function runner(): Pick<CallRunner, 'run'> {
  return {
    run: async (_call, _progress, _gone, tell) => {
      const routed = {
        deployment: { id: 'd', apiBase: 'http://up' },
        fallbacks: 0,
        retries: 0,
        reasoningDropped: 0,
        answer: { model: { slug: 'm' }, passHeaders: {}, droppedParams: [] },
      };
      const events = ['created', 'output_text.delta'].map((name) => ({
        type: `response.${name}`,
        data: `{"type":"response.${name}","response":{"id":"resp_1","created_at":1},"delta":"${'x'.repeat(answerBytes)}"}`,
      }));
      const reader = {
        routed,
        isOver: true,
        outcome: { state: 'completed' },
        each: (take: (all: unknown) => unknown) => Promise.resolve(void take(events)),
      };
      await tell(reader as unknown as AnswerReader);
    },
  };
}

it('keeps nothing of an answer that was told while its books are being written', async () => {
  const clock = new SystemClock();
  const logger = new GatewayLogger({ logLevel: 'silent' });
  const serving = new ServingService(
    settingsFor('http://up'),
    runner() as CallRunner,
    settlement as unknown as Settlement,
    clock,
    logger,
  );
  let told = 0;
  const out = {
    committed: false,
    signal: new Stopper(),
    commit: () => undefined,
    write: () => undefined,
    end: (frames = '') => {
      told += frames.length;
    },
  };
  const call = {
    context: { requestId: 'r', startedMs: 0 },
    dialect: 'chat',
    size: { textBytes: 0, images: 0, sealedBytes: 0 },
    client: { canonical: { model: 'm', input: [] }, droppedParams: [], stream: true },
  };
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const running = Array.from({ length: answers }, () =>
    serving.stream(call as unknown as Call, out as unknown as EventStream),
  );
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(told).toBeGreaterThan(answers * answerBytes);
  expect([running.length, writing.length]).toEqual([answers, answers]);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan((answers * answerBytes) / 4);
});
