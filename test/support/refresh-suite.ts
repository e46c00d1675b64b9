import { type Simulator, startSimulator } from '../simulator/simulator';
import { type BenchProcess, RefreshBench } from './refresh-bench';

export const minuteMs = 60_000;

/** A simulator, one login and one process that uses it; the last two are made anew for each test of the suite that owns this. */
export class RefreshSuite {
  private parts: { readonly bench: RefreshBench; gateway: BenchProcess } | undefined;
  private opened: Simulator | undefined;

  constructor() {
    beforeAll(async () => {
      this.opened = await startSimulator();
    });
    afterAll(() => this.simulator.close());
    beforeEach(() => {
      this.simulator.reset();
      const bench = new RefreshBench(this.simulator);
      this.parts = { bench, gateway: bench.start() };
    });
    afterEach(() => this.bench.close());
  }

  get simulator(): Simulator {
    if (this.opened === undefined) throw new Error('the simulator is not open yet');
    return this.opened;
  }

  get bench(): RefreshBench {
    return this.started.bench;
  }

  get gateway(): BenchProcess {
    return this.started.gateway;
  }

  /** Another process goes on in its place. */
  set gateway(process: BenchProcess) {
    this.started.gateway = process;
  }

  private get started(): NonNullable<RefreshSuite['parts']> {
    if (this.parts === undefined) throw new Error('no test has begun');
    return this.parts;
  }
}
