import { Inject, Injectable, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { Clock } from '../kernel/clock';
import { GatewayConfigModule, SETTINGS, TIME_LIMITS } from './config.module';
import { loadSettings } from './load-settings';
import { type Settings } from './settings';
import { type TimeLimits } from './time-limits';

@Injectable()
class Reader {
  constructor(
    @Inject(SETTINGS) readonly settings: Settings,
    @Inject(TIME_LIMITS) readonly times: TimeLimits,
    readonly clock: Clock,
    readonly service: ConfigService,
  ) {}
}

@Module({ providers: [Reader] })
class Room {}

it('gives settings, time limits and the clock to modules that do not import it', async () => {
  const settings = loadSettings({ env: {}, argv: [], cwd: '/nowhere', homeDir: '/nowhere' });
  const app = await Test.createTestingModule({ imports: [GatewayConfigModule.register(settings), Room] }).compile();
  const reader = app.get(Reader);
  expect(reader.settings).toBe(settings);
  expect(reader.times).toBe(settings.times);
  expect(reader.service.get('gateway.listen.port')).toBe(4000);
  expect(Number.isInteger(reader.clock.nowMs())).toBe(true);
  const before = reader.clock.monotonicMs();
  expect(reader.clock.monotonicMs()).toBeGreaterThanOrEqual(before);
});
