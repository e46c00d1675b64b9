import { text } from '../simulator/answers';
import { expectSilence, ListenedGateway } from '../support/canary';
import { everythingGoesWrong, own } from '../support/canary-paths';
import { ProgramBench } from '../support/program';

describe('planted secrets and words', () => {
  // What one level tells the louder ones tell too; the ones between take their time.
  const levels = process.env['TEST_LONG'] === undefined ? ['debug', 'error'] : ['debug', 'info', 'warn', 'error'];
  let bench: ProgramBench;
  let gateways: readonly ListenedGateway[] = [];

  beforeAll(async () => {
    bench = await ProgramBench.start();
    gateways = await Promise.all(levels.map((level) => ListenedGateway.start(bench, level, { LOG_LEVEL: level })));
  });
  afterAll(async () => {
    await bench.close();
    await Promise.all(gateways.map((one) => one.close()));
  });

  it('are told to nobody, whatever goes wrong, at every level', async () => {
    bench.simulator.scripts.responses.next(...gateways.map(() => text('canary-answer: and the heron flew away')));
    await everythingGoesWrong(bench, gateways);
    for (const [index, one] of gateways.entries()) {
      const heard = await one.heard();
      const quiet = ['warn', 'error'].includes(levels[index] ?? '');
      for (const [place, said] of Object.entries(heard)) {
        expect(`${place} ${said.length > (place === 'log' && quiet ? 0 : 200)}`).toBe(`${place} true`);
      }
      expectSilence(one, heard, own);
      for (const line of heard['log']?.split('\n').filter((said) => said.startsWith('{')) ?? []) {
        expect(() => JSON.parse(line) as unknown).not.toThrow();
      }
      expect(heard['log']).not.toMatch(/[\u001b\u009b]/);
    }
  }, 180_000);
});
