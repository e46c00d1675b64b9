import { type Simulator } from '../simulator/simulator';
import { type BenchOptions, startBench, type TestBench } from './gateway';

/** The gateway of a suite, from its first test to its last; before each of them its simulator is as new. */
export class SuiteBench implements Pick<TestBench, 'url' | 'key' | 'simulator'> {
  private running: TestBench | undefined;

  /** To be made where tests are declared. */
  constructor(options: BenchOptions = {}) {
    beforeAll(async () => {
      this.running = await startBench(options);
    });
    afterAll(() => this.bench.close());
    beforeEach(() => {
      this.simulator.reset();
    });
  }

  private get bench(): TestBench {
    if (this.running === undefined) throw new Error('the gateway does not run yet');
    return this.running;
  }

  get url(): string {
    return this.bench.url;
  }

  get key(): string {
    return this.bench.key;
  }

  get simulator(): Simulator {
    return this.bench.simulator;
  }
}
