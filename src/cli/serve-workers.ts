import { type Settings } from '../config/settings';
import { marginAfterDrainMs } from '../config/process-settings';
import { GatewayLogger } from '../telemetry/logger';
import { Fleet } from '../workers/fleet';
import { announceAddress } from './announce';
import { ProcessEnd } from './process-end';

/** Runs the workers of one port until SIGTERM or SIGINT. @returns 0 when all of them ended well. */
export async function serveWithWorkers(settings: Settings): Promise<number> {
  const logger = new GatewayLogger(settings);
  const end = new ProcessEnd();
  const { workers, times } = settings;
  const fleet = new Fleet({ workers, endWithinMs: times.drainMs + marginAfterDrainMs, logger });
  const actions = {
    hurry: () => {
      fleet.hurry();
    },
    reload: () => {
      fleet.reload();
    },
  };
  end.listen(logger, actions);
  // What workers say there is passed on; where nobody takes it (a full disk) that ends nobody.
  process.stderr.on('error', () => undefined);
  void end.asked.then(() => {
    fleet.end();
  });
  const url = await fleet.start();
  if (url !== undefined) announceAddress(logger, url, settings);
  const status = await fleet.ended;
  await logger.flush();
  return end.isBroken ? 1 : status;
}
