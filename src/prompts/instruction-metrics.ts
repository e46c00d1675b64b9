import { Inject, Injectable, Optional } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { GatewayMetrics } from '../telemetry/gateway-metrics';
import { type InstructionReport } from './instructions';

/** Different texts that get a series of their own; a hook could make one for every request. */
const mostDigests = 50;
/** Enough to tell texts apart, short enough to read. */
const shownCharacters = 16;

/** Which instructions went out, by the beginning of their SHA-256, and how old they were. */
@Injectable()
export class InstructionMetrics {
  private readonly digests = new Set<string>();
  private readonly requests: Counter | undefined;
  private readonly age: Gauge | undefined;

  /** Without metrics (in tests of parts) nothing is counted. */
  constructor(@Optional() @Inject(GatewayMetrics) metrics?: GatewayMetrics) {
    if (metrics === undefined) return;
    const registers = [metrics.registry];
    this.requests = new Counter({
      name: 'codex_instructions_total',
      help: 'Requests with official instructions, by source and text.',
      labelNames: ['source', 'sha256'],
      registers,
    });
    this.age = new Gauge({
      name: 'codex_instructions_age_seconds',
      help: 'Since the source last confirmed the official instructions that were used last.',
      registers,
    });
  }

  /** Counts one use. */
  used({ sha256, source, ageMs }: InstructionReport): void {
    this.requests?.inc({ source, sha256: this.shown(sha256) });
    this.age?.set(ageMs / 1_000);
  }

  private shown(sha256: string): string {
    const short = sha256.slice(0, shownCharacters);
    if (this.digests.size < mostDigests) this.digests.add(short);
    return this.digests.has(short) ? short : 'other';
  }
}
