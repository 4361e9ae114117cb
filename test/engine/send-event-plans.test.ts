import type { ClientBase, Pool } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { deleteTasks } from '../../src/retention/store/finished-tasks.ts'
import { deleteOldest } from '../../src/retention/store/leftovers.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { readEarlierEvents } from '../../src/wait/store/look-back.ts'
import { readAnsweredTasks, readLatestWaits, readWaitConditions } from '../../src/wait/store/read-waits.ts'
import { findByDedupId, lockUnfinished, writeEventResult } from '../../src/wait/store/received-events.ts'
import { endWaits, readOpenWaits } from '../../src/wait/store/waits.ts'
import { planDatabase, readBy } from '../support/plans.ts'

const pool = await planDatabase()

const id = newUuid()
const event = { tenant: 'default', id, key: 'k', payloadText: '1', dedupId: 'a', sender: 'me' }
const result = { woken: 1, failedConditions: 0, conditionErrors: [], toldSteps: 0 }
const look = { taskId: id, key: 'k', lookBackMs: 1_000, hasCondition: true, after: null }
const page = { key: 'k', after: null, openSince: null, limit: 10_000 }
const ended = { taskIds: [id], outcome: 'ANSWERED' as const, eventId: id }

const READS = [
  ['open waits', (db: ClientBase) => readOpenWaits(db, 'default', page), ['event_wait_open_idx']],
  ['waits that end', (db: ClientBase) => endWaits(db, 'default', ended, new Date()), ['event_wait_open_task_idx']],
  [
    'events that came before',
    (db: ClientBase) => readEarlierEvents(db, 'default', [look]),
    ['event_wait_event_idx', 'received_event_key_idx'],
  ],
  ['an event by its sender’s id', (db: ClientBase) => findByDedupId(db, event), ['received_event_dedup_idx']],
  ['what came of an event', (db: ClientBase) => writeEventResult(db, event, result, null), ['received_event_pkey']],
  ['any unfinished event', (db: ClientBase) => lockUnfinished(db, null), ['received_event_unfinished_idx']],
  ['waits of deleted tasks', (db: ClientBase) => deleteTasks(db, 'default', [id]), ['event_wait_ended_task_idx']],
  [
    'old events',
    (db: ClientBase) => deleteOldest(db, 'received events', { before: new Date(), limit: 1_000 }),
    ['event_wait_event_idx', 'received_event_received_at_idx', 'trigger_firing_once_idx'],
  ],
  ['conditions', (db: Pool) => readWaitConditions(db, 'default', [id]), ['event_wait_open_task_idx']],
  [
    'waits of tasks',
    (db: Pool) => readLatestWaits(db, 'default', [id], 20),
    ['event_wait_ended_task_idx', 'event_wait_open_task_idx'],
  ],
  ['tasks of events', (db: Pool) => readAnsweredTasks(db, 'default', [id], 20), ['event_wait_event_idx']],
] as const

const FILL = `
  INSERT INTO received_event (id, key, payload, dedup_id, received_at)
  SELECT gen_random_uuid(), 'k' || n % 7, '{}', n::text, now() - n * interval '1 second' FROM generate_series(1, 5000) AS n;
  INSERT INTO event_wait (id, key, task_id, epoch, since, ended_at, outcome, event_id)
  SELECT gen_random_uuid(), key, gen_random_uuid(), 1, now(), now(), 'ANSWERED', id FROM received_event;
  INSERT INTO event_wait (id, key, task_id, epoch, since)
  SELECT gen_random_uuid(), 'k' || n % 7, gen_random_uuid(), 1, now() FROM generate_series(1, 5000) AS n;
  ANALYZE`

describe.each([
  ['empty', 'SELECT'],
  ['large', FILL],
])('with %s tables', (_situation, sql) => {
  beforeAll(() => pool.query(sql).then(() => undefined), 60_000)

  test.each(READS)('%s are found by index', async (_, call, indexes) => {
    expect(await readBy(pool, call, /event_wait|received_event/)).toEqual([...indexes])
  })
})
