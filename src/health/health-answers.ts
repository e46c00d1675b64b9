import { z } from 'zod';
import { namedAnswer, whole } from '../http/openapi-answers';
import { type EndpointHealth, type Readiness } from './health.controller';
import { type Degradation } from './logins-health';

/** `GET /health/liveliness`. */
export const livenessAnswer = namedAnswer('Liveness', z.string());

/** `GET /health/readiness`, whatever its status. */
export const readinessAnswer = namedAnswer(
  'Readiness',
  z.object({
    status: z.enum(['healthy', 'draining', 'unavailable']),
    db: z.literal('Not connected'),
    cache: z.enum(['redis', 'redis (down)']).nullable(),
    degraded: z.array(
      z.enum({
        state_unavailable: 'state_unavailable',
        state_folder_in_use: 'state_folder_in_use',
        login_unusable: 'login_unusable',
        login_not_renewed: 'login_not_renewed',
        login_file_not_writable: 'login_file_not_writable',
        config_rejected: 'config_rejected',
      } satisfies { [K in Degradation]: K }),
    ),
    in_flight_requests: whole,
  }) satisfies z.ZodType<Readiness>,
);

const endpoints = z.array(
  z.object({
    model: z.string(),
    api_base: z.string(),
    model_id: z.string().exactOptional(),
    error: z.string().exactOptional(),
  }),
);

/** `GET /health`. */
export const endpointHealth = namedAnswer(
  'EndpointHealth',
  z.object({
    healthy_endpoints: endpoints,
    unhealthy_endpoints: endpoints,
    healthy_count: whole,
    unhealthy_count: whole,
  }) satisfies z.ZodType<EndpointHealth>,
);
