import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { ModelCatalog } from '../models/model-catalog';
import { ModelsModule } from '../models/models.module';
import { RedisLink } from '../state/redis/redis-link';
import { SharedCache } from '../state/shared-cache';
import { UpstreamModule } from '../upstream/upstream.module';
import { LocalBoard } from './board/local-board';
import { LocalPins } from './board/local-pins';
import { PinStore } from './board/pin-store';
import { RedisPins } from './board/redis-pins';
import { RedisRoutingBoard } from './board/redis-routing-board';
import { RoutingBoard } from './board/routing-board';
import { Fleet } from './fleet/fleet';
import { FleetKeeper } from './fleet/fleet-keeper';
import { ModelGroups } from './model-groups';
import { Router } from './router';
import { RoutingReport } from './routing-report';
import { RoutingRooms } from './routing-rooms';

/** Which deployments serve a name, and which of them answers. */
@Module({
  imports: [AuthModule, ModelsModule, UpstreamModule],
  providers: [
    ModelGroups,
    { provide: RoutingBoard, useFactory: boardFor, inject: [RedisLink, Clock] },
    { provide: PinStore, useFactory: pinsFor, inject: [RedisLink, Clock] },
    { provide: Fleet, useFactory: fleetFor, inject: [RoutingBoard, Clock, Observer, SharedCache] },
    {
      provide: RoutingRooms,
      useFactory: roomsFor,
      inject: [SETTINGS, ModelGroups, ModelCatalog, Fleet, PinStore, Clock, Observer],
    },
    FleetKeeper,
    RoutingReport,
    Router,
  ],
  exports: [ModelGroups, Router, RoutingReport],
})
export class RoutingModule {}

/** Shared when replicas share a Redis. */
function boardFor(link: RedisLink | undefined, clock: Clock): RoutingBoard {
  return link === undefined ? new LocalBoard() : new RedisRoutingBoard(link, clock);
}

function pinsFor(link: RedisLink | undefined, clock: Clock): PinStore {
  const local = new LocalPins(clock);
  return link === undefined ? local : new RedisPins(link, local);
}

function fleetFor(board: RoutingBoard, clock: Clock, observer: Observer, cache: SharedCache): Fleet {
  return new Fleet({ board, clock, observer, claim: (scope, lifeMs) => cache.claim(`probe:v1:${scope}`, lifeMs) });
}

// eslint-disable-next-line max-params -- a factory takes what it is given, one by one
function roomsFor(
  settings: Settings,
  groups: ModelGroups,
  catalog: ModelCatalog,
  fleet: Fleet,
  pins: PinStore,
  clock: Clock,
  observer: Observer,
): RoutingRooms {
  return new RoutingRooms({ settings, groups, catalog, fleet, pins, clock, observer, random: Math.random });
}
