import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AlertReceiver, isSigned } from '../../../test/support/alert-receiver';
import { settingsFor } from '../../../test/support/settings-for';
import { type AlertSettings, type AlertType, alertTypes } from '../../config/alert-settings';
import { SystemClock } from '../../config/system-clock';
import { UndiciOutbound } from '../../outbound/undici-outbound';
import { MemorySharedCache } from '../../state/shared-cache-memory';
import { type AlertEvent, blankBody } from './alert-event';
import { type AlertTimes } from './alert-line';
import { AlertQueue, type QueueParts } from './alert-queue';

const quick: AlertTimes = { answerMs: 300, retryMs: 20, mostRetryMs: 80, mostAgeMs: 60_000 };
const secret = 'whsec-of-the-suite';
const clock = new SystemClock();

let folder: string;
let receiver: AlertReceiver;
let open: AlertQueue[] = [];
const logged: { message: string; fields: Record<string, unknown> }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alert-queue-'));
  receiver = new AlertReceiver();
  await receiver.start();
  logged.splice(0);
});
afterEach(async () => {
  await Promise.all(open.map((queue) => queue.close()));
  open = [];
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

function settings(types: readonly AlertType[] = alertTypes): AlertSettings {
  const webhook = { kind: 'webhook', name: 'webhook-1', url: `${receiver.url}/hook`, types: new Set(types) } as const;
  return { targets: [webhook], signingSecret: secret, repeatMs: 1_000 };
}

async function queueOf(
  changes: Partial<Omit<QueueParts, 'settings'>> & { readonly settings?: AlertSettings } = {},
): Promise<AlertQueue> {
  const { settings: alerts = settings(), ...rest } = changes;
  const outbound = new UndiciOutbound(settingsFor('http://127.0.0.1:9', { rest: { alerts } }));
  const queue = new AlertQueue({
    settings: () => alerts,
    stateDir: folder,
    outbound,
    shared: new MemorySharedCache(clock),
    clock,
    logger: { event: (_, message, fields) => logged.push({ message, fields: { ...fields } }) },
    times: quick,
    ...rest,
  });
  open.push(queue);
  await queue.open();
  return queue;
}

function event(key: string, changes: Partial<AlertEvent> = {}): AlertEvent {
  const body = {
    ...blankBody,
    event: 'budget_crossed',
    event_group: 'key',
    event_message: `Budget crossed: ${key}`,
  } as const;
  return { type: 'budget_alerts', key, ttlMs: 60_000, covers: [], body, ...changes };
}

const settled = async (queue: AlertQueue, done: (counts: AlertQueue['counts']) => boolean): Promise<void> => {
  for (let tries = 0; !done(queue.counts); tries += 1) {
    if (tries > 500) throw new Error(`the queue did not settle: ${JSON.stringify(queue.counts)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('an alert in the queue', () => {
  it('is posted once, signed, with an id and a time', async () => {
    const queue = await queueOf();
    queue.put(event('one'));
    const [alert] = await receiver.until(1);
    await settled(queue, ({ sent }) => sent === 1);

    expect(alert?.path).toBe('/hook');
    expect(alert?.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(alert !== undefined && isSigned(alert, secret)).toBe(true);
    expect(alert !== undefined && isSigned({ ...alert, text: alert.text.replace('one', 'two') }, secret)).toBe(false);
    expect(alert?.json).toMatchObject({
      event: 'budget_crossed',
      event_message: 'Budget crossed: one',
      spend: 0,
      token: null,
    });
    expect(alert?.json['event_id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(receiver.received).toHaveLength(1);
  });

  it('is told once over all replicas', async () => {
    const shared = new MemorySharedCache(clock);
    const [left, right] = [await queueOf({ shared }), await queueOf({ shared })];
    for (const queue of [left, right, left]) queue.put(event('same'));
    left.put(event('other'));
    await receiver.until(2);
    await settled(left, () => left.counts.sent + right.counts.sent === 2);

    expect(receiver.received.map(({ json }) => json['event_message']).sort()).toEqual([
      'Budget crossed: other',
      'Budget crossed: same',
    ]);
  });

  it('makes the alerts that it covers pointless', async () => {
    const shared = new MemorySharedCache(clock);
    const queue = await queueOf({ shared });
    queue.put(event('95', { covers: ['85'] }));
    await receiver.until(1);
    await settled(queue, ({ sent }) => sent === 1);
    queue.put(event('85'));
    queue.put(event('end'));
    await receiver.until(2);

    expect(receiver.received.map(({ json }) => json['event_message'])).toEqual([
      'Budget crossed: 95',
      'Budget crossed: end',
    ]);
  });

  it('is tried again, the same one and in its order, until its target takes it', async () => {
    const queue = await queueOf();
    receiver.answers.push(500, 429, 503, 'never', { status: 429, retryAfter: '0' });
    queue.put(event('first'));
    await receiver.until(1);
    queue.put(event('second'));
    await settled(queue, ({ sent }) => sent === 2);

    expect(receiver.received.map(({ json }) => json['event_message'])).toEqual([
      ...Array<string>(6).fill('Budget crossed: first'),
      'Budget crossed: second',
    ]);
    expect(new Set(receiver.received.slice(0, 6).map(({ json }) => json['event_id'])).size).toBe(1);
    expect(receiver.received.every((alert) => isSigned(alert, secret))).toBe(true);
  });

  it.each([400, 401, 404, 410, 301])(
    'is given up when its target answers %d, and the log says so without the address',
    async (status) => {
      const queue = await queueOf();
      receiver.answers.push(status);
      queue.put(event('refused'));
      queue.put(event('next'));
      await settled(queue, ({ sent, failed }) => sent === 1 && failed === 1);

      expect(receiver.received).toHaveLength(2);
      expect(logged).toEqual([
        {
          message: 'an alert was not accepted',
          fields: { event: 'budget_crossed', target: 'webhook-1', outcome: 'refused', status },
        },
      ]);
    },
  );

  it('is given up when it is old news', async () => {
    const queue = await queueOf({ times: { ...quick, mostAgeMs: 50 } });
    receiver.answers.push(...Array<number>(50).fill(500));
    queue.put(event('old'));
    await settled(queue, ({ failed }) => failed === 1);

    expect(logged[0]?.fields).toMatchObject({ outcome: 'too_old' });
  });

  it('goes to those only who want its type', async () => {
    const queue = await queueOf({ settings: settings(['new_virtual_key_created']) });
    queue.put(event('budget'));
    queue.put(event('key', { type: 'new_virtual_key_created' }));
    await settled(queue, ({ sent }) => sent === 1);

    expect(receiver.received).toHaveLength(1);
  });
});

describe('a target that does not answer', () => {
  it('holds up nobody else', async () => {
    const other = new AlertReceiver();
    await other.start();
    const base = settings();
    const second = { kind: 'slack', name: 'slack-1', url: `${other.url}/slack`, types: new Set(alertTypes) } as const;
    receiver.answers.push(...Array<'never'>(20).fill('never'));
    const queue = await queueOf({ settings: { ...base, targets: [...base.targets, second] } });
    const startMs = performance.now();
    for (let at = 0; at < 20; at += 1) queue.put(event(`k${at}`));
    const putMs = performance.now() - startMs;
    await other.until(20);
    await other.stop();

    expect(putMs).toBeLessThan(50);
    expect(other.received.map(({ json }) => json['text'])).toContain(':no_entry: Budget crossed: k19');
    expect(queue.counts.sent).toBeLessThanOrEqual(20);
  });

  it('costs a bounded memory: what is too much is dropped and counted', async () => {
    receiver.answers.push(...Array<'never'>(100).fill('never'));
    const queue = await queueOf({ mostWaiting: 5 });
    for (let at = 0; at < 9; at += 1) queue.put(event(`k${at}`));

    expect(queue.counts.dropped).toBe(4);
    expect(logged.filter(({ message }) => message.includes('dropped'))).toHaveLength(1);
  });
});

describe('a restart', () => {
  it('delivers what was not delivered, under the same id', async () => {
    receiver.answers.push(...Array<number>(500).fill(500));
    const before = await queueOf();
    before.put(event('waiting'));
    before.put(event('behind it'));
    await receiver.until(1);
    const id = receiver.received[0]?.json['event_id'];
    await before.close();
    receiver.received.splice(0);
    receiver.answers.splice(0);
    const after = await queueOf();
    await settled(after, ({ sent }) => sent === 2);

    expect(receiver.received.map(({ json }) => json['event_message'])).toEqual([
      'Budget crossed: waiting',
      'Budget crossed: behind it',
    ]);
    expect(receiver.received[0]?.json['event_id']).toBe(id);
  });

  it('remembers what was told', async () => {
    const before = await queueOf();
    before.put(event('told', { covers: ['covered'] }));
    await settled(before, ({ sent }) => sent === 1);
    await before.close();
    const after = new AlertQueue({
      settings: () => settings(),
      stateDir: folder,
      outbound: new UndiciOutbound(settingsFor('http://127.0.0.1:9')),
      shared: new MemorySharedCache(clock),
      clock,
      logger: { event: () => undefined },
    });
    open.push(after);

    expect([...(await after.open()).keys()].sort()).toEqual(['covered', 'told']);
  });

  it('tells a target no more that the settings no longer have', async () => {
    receiver.answers.push(...Array<number>(500).fill(500));
    const before = await queueOf();
    before.put(event('gone'));
    await receiver.until(1);
    await before.close();
    receiver.received.splice(0);
    receiver.answers.splice(0);
    const elsewhere = { ...settings(), targets: [{ ...settings().targets[0], name: 'webhook-2' }] } as AlertSettings;
    const after = await queueOf({ settings: elsewhere });
    after.put(event('new'));
    await settled(after, ({ sent }) => sent === 1);

    expect(receiver.received.map(({ json }) => json['event_message'])).toEqual(['Budget crossed: new']);
  });

  it('goes on with a journal that a crash left torn, and with one that holds nonsense', async () => {
    receiver.answers.push(...Array<number>(500).fill(500));
    const before = await queueOf();
    before.put(event('kept'));
    await receiver.until(1);
    await before.close();
    const path = join(folder, 'alerts', '0.jsonl');
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"t":"other"}\n{"t":"queued","id":`);
    receiver.received.splice(0);
    receiver.answers.splice(0);
    const after = await queueOf();
    await settled(after, ({ sent }) => sent === 1);

    expect(receiver.received.map(({ json }) => json['event_message'])).toEqual(['Budget crossed: kept']);
  });

  it('gives each process of one folder a journal of its own', async () => {
    const [left, right] = [await queueOf(), await queueOf()];
    receiver.answers.push(500, 500);
    left.put(event('left'));
    right.put(event('right'));
    await settled(left, () => left.counts.sent + right.counts.sent === 2);

    expect(readFileSync(join(folder, 'alerts', '0.jsonl'), 'utf8')).toContain('left');
    expect(readFileSync(join(folder, 'alerts', '1.jsonl'), 'utf8')).toContain('right');
  });

  it('is not kept from starting by a folder that cannot be written', async () => {
    const stateDir = join(folder, 'file');
    writeFileSync(stateDir, '');
    const queue = await queueOf({ stateDir });
    queue.put(event('in memory'));
    await settled(queue, ({ sent }) => sent === 1);

    expect(logged[0]?.message).toContain('not kept over a restart');
  });
});
