/**
 * Measuring: rounds in which every target has its turn, in an order that moves on by one each round, so that noise of
 * the machine meets all of them alike. What counts is the median over the rounds.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Callers } from './load.mjs';
import { median, quantile } from './median.mjs';
import { Stage } from './targets.mjs';
import { workloadNamed } from './workloads.mjs';

const warmStreams = 200;
const warmCallers = 16;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function rotated(list, by) {
  return list.map((_, index) => list[(index + by) % list.length]);
}

function faultOf(results) {
  const failed = results.filter((result) => result.error !== undefined);
  if (failed.length > 0) throw new Error(`${failed.length} of ${results.length} calls failed: ${failed[0].error}`);
}

/** Every target must give the whole text of an awkward answer before anything is timed. */
async function checkText(target, workload) {
  const callers = new Callers(target, workload);
  const text = await callers.text();
  await callers.close();
  if (text !== callers.expectedText()) {
    throw new Error(`${target.name} does not answer ${workload.name} right: ${JSON.stringify(text.slice(0, 120))}`);
  }
}

async function longestBlockMs(target, workload, calls) {
  const callers = new Callers(target, { ...workload, concurrency: 1 });
  const blocks = [];
  faultOf([await callers.once()]);
  for (let call = 0; call < calls; call += 1) {
    target.process.watchLoop();
    faultOf([await callers.once()]);
    blocks.push(await target.process.longestBlockMs());
  }
  await callers.close();
  return median(blocks);
}

/** One turn of one target: load for `seconds`, CPU read before and after. */
async function loadTurn(target, workload, seconds) {
  const callers = new Callers(target, workload);
  faultOf((await callers.run(Math.min(0.3, seconds / 5))).results);
  const cpuBefore = target.process.cpuMs();
  const { results, elapsedMs } = await callers.run(seconds);
  const cpuMs = target.process.cpuMs() - cpuBefore;
  await callers.close();
  faultOf(results);
  const deltas = results.reduce((sum, result) => sum + result.deltas, 0);
  const totals = results.map((result) => result.totalMs);
  return {
    cpuMsPerCall: cpuMs / results.length,
    cpuUsPerDelta: (cpuMs * 1_000) / deltas,
    callsPerSecond: (results.length * 1_000) / elapsedMs,
    p50Ms: median(totals),
    p99Ms: quantile(totals, 0.99),
    firstP50Ms: median(results.map((result) => result.firstMs)),
    residentMib: target.process.residentKib() / 1_024,
    ...(workload.blockCalls > 0 && { blockMs: await longestBlockMs(target, workload, workload.blockCalls) }),
  };
}

/** Memory of many silent streams over that of the same process after a few have come and gone. */
async function idleTurn(target, workload, seconds) {
  const callers = new Callers(target, workload);
  const dropWarm = await callers.openIdle(warmStreams);
  await dropWarm();
  await pause(500);
  const warmKib = target.process.residentKib();
  const drop = await callers.openIdle(workload.concurrency);
  await pause(seconds * 1_000);
  const heldKib = target.process.residentKib();
  await drop();
  await callers.close();
  return {
    kibPerStream: (heldKib - warmKib) / workload.concurrency,
    warmMib: warmKib / 1_024,
    heldMib: heldKib / 1_024,
  };
}

async function idleRounds(workload, names, plan) {
  const rounds = Object.fromEntries(names.map((name) => [name, []]));
  const count = Math.min(plan.rounds, 3);
  for (let round = 0; round < count; round += 1) {
    for (const name of rotated(names, round)) {
      const stage = await openStage(workload, [name], join(plan.folder, workload.name, `${name}-${round}`), plan);
      try {
        rounds[name].push(await idleTurn(stage.targets[0], workload, plan.seconds ?? workload.seconds));
      } finally {
        await stage.close();
      }
    }
    plan.onRound(workload, round, count);
  }
  return rounds;
}

/** Until the compilers are done: one caller alone, or streams at their pace, would take minutes to get there. */
async function warmUp(target, workload, seconds) {
  const concurrency = Math.max(workload.concurrency, warmCallers);
  const callers = new Callers(target, { ...workload, concurrency, paceMs: 0 });
  faultOf((await callers.run(seconds)).results);
  await callers.close();
}

function openStage(workload, names, folder, { entry, nodeFlags }) {
  return Stage.open({ workload, names, folder, entry, nodeFlags: [...workload.nodeFlags, ...nodeFlags] });
}

/** Checks and warms whoever is measured on a stage. */
async function ready(stage, workload, warmSeconds) {
  const targets = workload.direct ? [stage.direct, ...stage.targets] : stage.targets;
  stage.keepPace(false);
  for (const target of targets) {
    await checkText(target, workload);
    await warmUp(target, workload, warmSeconds);
  }
  stage.keepPace(true);
  return targets;
}

async function loadRounds(workload, names, plan) {
  const stage = await openStage(workload, names, join(plan.folder, workload.name), plan);
  const rounds = {};
  try {
    const targets = await ready(stage, workload, plan.warmSeconds);
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const target of rotated(targets, round)) {
        (rounds[target.name] ??= []).push(await loadTurn(target, workload, plan.seconds ?? workload.seconds));
      }
      plan.onRound(workload, round, plan.rounds);
    }
    return rounds;
  } finally {
    await stage.close();
  }
}

const freshTurns = 3;

/**
 * For small differences between two processes: every round starts all of them anew, since two processes of one program may
 * differ by more, as long as they live, than what is looked for. The targets take turns within the round as well.
 */
async function freshRounds(workload, names, plan) {
  const rounds = Object.fromEntries(names.map((name) => [name, []]));
  const seconds = (plan.seconds ?? workload.seconds) / 2;
  for (let round = 0; round < plan.rounds; round += 1) {
    const stage = await openStage(workload, names, join(plan.folder, workload.name, String(round)), plan);
    try {
      const targets = await ready(stage, workload, plan.warmSeconds / 2);
      const turns = Object.fromEntries(names.map((name) => [name, []]));
      for (let turn = 0; turn < freshTurns; turn += 1) {
        for (const target of rotated(targets, round + turn)) {
          turns[target.name].push(await loadTurn(target, workload, seconds));
        }
      }
      for (const name of names) rounds[name].push(medians(turns[name]));
    } finally {
      await stage.close();
    }
    plan.onRound(workload, round, plan.rounds);
  }
  return rounds;
}

/** V8 writes a line for each miss, so that it takes longer to get warm. */
const loggedWarm = 3;

/** Looks at properties that V8 had in none of its caches, by its own log, in one process after the other. */
async function missRounds(workload, names, plan) {
  const rounds = {};
  for (const [place, name] of names.entries()) {
    const folder = join(plan.folder, workload.name, name);
    const log = join(folder, 'caches.log');
    const nodeFlags = [...plan.nodeFlags, '--log-ic', `--logfile=${log}`, '--no-logfile-per-isolate'];
    const stage = await openStage(workload, [name], folder, { ...plan, nodeFlags });
    try {
      const [target] = await ready(stage, workload, plan.warmSeconds * loggedWarm);
      rounds[name] = [await missTurn(target, workload, log, plan.seconds ?? workload.seconds)];
    } finally {
      await stage.close();
    }
    plan.onRound(workload, place, names.length);
  }
  return rounds;
}

async function missTurn(target, workload, log, seconds) {
  const callers = new Callers(target, workload);
  const from = (await stat(log)).size;
  const { results } = await callers.run(seconds);
  const lines = (await readFile(log, 'latin1')).slice(from).split('\n');
  await callers.close();
  faultOf(results);
  return { missesPerCall: lines.filter((line) => /^\w*IC,/.test(line)).length / results.length };
}

function medians(rounds) {
  const fields = Object.keys(rounds[0]);
  return Object.fromEntries(fields.map((field) => [field, median(rounds.map((round) => round[field]))]));
}

function roundsFor({ stall, fresh, misses }) {
  if (misses) return missRounds;
  if (stall) return idleRounds;
  return fresh ? freshRounds : loadRounds;
}

/** Runs one workload by name; per target the medians of its figures and every round. */
export async function measure(name, usualTargets, plan) {
  const workload = workloadNamed(name);
  const targetNames = workload.targets ?? usualTargets;
  const roundsOf = roundsFor(workload);
  const rounds = await roundsOf(workload, targetNames, plan);
  const targets = Object.entries(rounds).map(([target, turns]) => [target, { ...medians(turns), rounds: turns }]);
  return { name, title: workload.title, targets: Object.fromEntries(targets) };
}

/** Every target must answer right even when its upstream's frames are torn at odd bytes. */
export async function checkTargets(targetNames, plan) {
  const workload = workloadNamed('torn');
  const stage = await openStage(workload, targetNames, join(plan.folder, workload.name), plan);
  try {
    for (const target of stage.targets) await checkText(target, workload);
  } finally {
    await stage.close();
  }
}
