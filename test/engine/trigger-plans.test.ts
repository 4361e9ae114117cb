import type { ClientBase } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { deleteOldest } from '../../src/retention/store/leftovers.ts'
import { newUuid } from '../../src/task/type-id.ts'
import {
  readFiringsOfEvents,
  readPendingFirings,
  readPendingTriggers,
  settleFirings,
} from '../../src/trigger/store/firings.ts'
import { findTriggersOf, lockTrigger, lockTriggers } from '../../src/trigger/store/triggers.ts'
import { planDatabase, readBy } from '../support/plans.ts'

const pool = await planDatabase()

const id = newUuid()
const settled = {
  id,
  status: 'STARTED' as const,
  taskId: id,
  runId: null,
  reason: null,
  error: null,
  firedAt: new Date(),
}
const old = { before: new Date(), limit: 1_000 }

const READS = [
  [
    'triggers of a key',
    (client: ClientBase) => findTriggersOf(client, 'default', 'order/17'),
    ['trigger_key_idx', 'trigger_key_prefix_idx'],
  ],
  ['one trigger', (client: ClientBase) => lockTrigger(client, 'default', id), ['trigger_pkey']],
  ['triggers to fire', (client: ClientBase) => lockTriggers(client, 'default', [id]), ['trigger_pkey']],
  [
    'triggers with something pending',
    (client: ClientBase) => readPendingTriggers(client, null, 50),
    ['trigger_firing_pending_idx'],
  ],
  [
    'pending firings',
    (client: ClientBase) => readPendingFirings(client, 'default', [id], 50),
    ['received_event_pkey', 'trigger_firing_pending_idx'],
  ],
  ['settled firings', (client: ClientBase) => settleFirings(client, 'default', [settled]), ['trigger_firing_pkey']],
  [
    'firings of events',
    (client: ClientBase) => readFiringsOfEvents(client as never, 'default', [id], 20),
    ['trigger_firing_once_idx'],
  ],
] as const

/** They are planned anew each time. */
const RETENTION = [
  [
    'old firings',
    (client: ClientBase) => deleteOldest(client, 'firings', old),
    ['task_pkey', 'trigger_firing_fired_idx', 'workflow_run_pkey'],
  ],
  [
    'deleted triggers',
    (client: ClientBase) => deleteOldest(client, 'deleted triggers', old),
    ['trigger_deleted_idx', 'trigger_firing_list_idx'],
  ],
] as const

const FILL = `
  INSERT INTO "trigger" (id, name, key, key_prefix, task, task_type, max_per_hour, max_per_day)
  SELECT gen_random_uuid(), 'a', CASE WHEN n % 2 = 0 THEN 'k' || n END, CASE WHEN n % 2 = 1 THEN 'p' || n END, '{}', 'work', 1, 1
  FROM generate_series(1, 5000) AS n;
  INSERT INTO received_event (id, key, payload) SELECT gen_random_uuid(), 'k', '{}' FROM generate_series(1, 3000);
  INSERT INTO trigger_firing (id, trigger_id, cause, event_id, status, reason, fired_at)
  SELECT gen_random_uuid(), t.id, 'EVENT', e.id, 'SKIPPED', 'CONDITION', now()
  FROM (SELECT id FROM "trigger" LIMIT 10) AS t CROSS JOIN received_event AS e;
  INSERT INTO trigger_firing (id, trigger_id, cause, event_id, status)
  SELECT gen_random_uuid(), t.id, 'EVENT', e.id, 'PENDING'
  FROM (SELECT id FROM "trigger" ORDER BY id DESC LIMIT 3) AS t CROSS JOIN (SELECT id FROM received_event LIMIT 500) AS e
  ON CONFLICT DO NOTHING;
  ANALYZE`

describe.each([
  ['empty', 'SELECT'],
  ['large', FILL],
])('with %s tables', (_situation, sql) => {
  beforeAll(() => pool.query(sql).then(() => undefined), 60_000)

  test.each(READS)('%s are found by index', async (_, call, indexes) => {
    expect(await readBy(pool, call)).toEqual([...indexes])
  })
})

// After the large tables above.
test.each(RETENTION)('%s are found by index', async (_, call, indexes) => {
  expect(await readBy(pool, call)).toEqual([...indexes])
})
