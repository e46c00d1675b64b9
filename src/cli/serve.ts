import cluster from 'node:cluster';
import { type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { SettingsSource } from '../config/settings-source';
import { testKnobs } from '../config/test-knobs';
import { startGateway } from '../gateway';
import { GatewayLogger } from '../telemetry/logger';
import { PrimaryLink } from '../workers/primary-link';
import { announce } from './announce';
import { type EndActions, ProcessEnd } from './process-end';
import { serveWithWorkers } from './serve-workers';
import { refuseBadPlaces } from './start-checks';

/** How long a worker that wants to end waits for its successor, milliseconds. */
const successorMs = 10_000;

/** Serves until SIGTERM or SIGINT, then drains. @returns the exit status. @throws {ConfigFault} and what `startGateway` throws. */
export async function serve(conditions: StartConditions): Promise<number> {
  const source = new SettingsSource(conditions, withTestTimes);
  const settings = source.read();
  if (cluster.isPrimary) await refuseBadPlaces(settings);
  return settings.workers > 1 && cluster.isPrimary ? serveWithWorkers(settings) : serveHere(settings, source);
}

function withTestTimes(settings: Settings): Settings {
  return { ...settings, times: { ...settings.times, ...testKnobs().times } };
}

/** @throws {Error} when the state could not be closed in time. */
async function serveHere(settings: Settings, source: SettingsSource): Promise<number> {
  const primary = PrimaryLink.get();
  const end = new ProcessEnd();
  const late: { actions?: EndActions } = {};
  // Orders of the primary count from the first moment, since they are given once.
  primary?.onOrder(({ kind }) => {
    if (kind === 'end' || kind === 'hurry') end.ask({ status: 0, alone: false });
    if (kind === 'hurry' || kind === 'reload') late.actions?.[kind]();
  });
  primary?.onLost(() => {
    end.ask({ status: 1, alone: false });
  });
  const gateway = await startGateway(settings, source);
  const actions = { hurry: () => void gateway.hurry(), reload: () => void gateway.reload() };
  late.actions = actions;
  end.listen(gateway.app.get(GatewayLogger), actions);
  if (primary === undefined || primary.worker === 1) await announce(gateway, settings);
  primary?.tell({ kind: 'serving', url: gateway.url });
  const { status, alone } = await end.asked;
  const handsOver = primary !== undefined && alone;
  if (handsOver) await primary.handOver(successorMs);
  await gateway.stop(handsOver);
  primary?.close();
  return end.isBroken ? 1 : status;
}
