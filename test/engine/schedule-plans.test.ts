import type { ClientBase } from 'pg'
import { expect, test } from 'vitest'
import { lockDueBackfill } from '../../src/schedule/store/backfills.ts'
import { dropQueue, hasStartedRun, readQueueHeads } from '../../src/schedule/store/fires.ts'
import { lockDueSchedules, lockSchedule, readRunning, readStillRunning } from '../../src/schedule/store/schedules.ts'
import { lockMissedDeadlines } from '../../src/task/store/deadlines.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { readTurns } from '../../src/workflow/store/turns.ts'
import { planDatabase, readBy } from '../support/plans.ts'

const pool = await planDatabase()

const id = newUuid()

test.each([
  ['due schedules', (client: ClientBase) => lockDueSchedules(client, 50), ['schedule_wake_idx']],
  ['one schedule', (client: ClientBase) => lockSchedule(client, 'default', id), ['schedule_pkey']],
  ['a due backfill', lockDueBackfill, ['backfill_wake_idx', 'schedule_pkey']],
  [
    'missed deadlines',
    (client: ClientBase) => lockMissedDeadlines(client, 500),
    ['rate_limit_pkey', 'task_deadline_watch_idx'],
  ],
  [
    'what runs',
    (client: ClientBase) => readRunning(client, 'default', [id]),
    ['task_of_schedule_idx', 'workflow_run_of_schedule_idx'],
  ],
  [
    'tasks that are cancelled',
    (client: ClientBase) => readStillRunning(client, 'task', 'default', [id], 9),
    ['task_of_schedule_idx'],
  ],
  [
    'runs that are cancelled',
    (client: ClientBase) => readStillRunning(client, 'workflow_run', 'default', [id], 9),
    ['workflow_run_of_schedule_idx'],
  ],
  ['the run of a fire', (client: ClientBase) => hasStartedRun(client, 'default', id), ['schedule_fire_run_idx']],
  [
    'turns of runs',
    (client: ClientBase) => readTurns(client, 'default', [{ workflowId: id, key: 'a', most: 2 }]),
    ['run_inbox_run_idx', 'workflow_run_turn_idx'],
  ],
  ['heads of queues', (client: ClientBase) => readQueueHeads(client, 'default', [id]), ['schedule_fire_queue_idx']],
  ['a whole queue', (client: ClientBase) => dropQueue(client, 'default', id, 'x'), ['schedule_fire_queue_idx']],
] as const)('%s are found by index', async (_, call, indexes) => {
  expect(await readBy(pool, call)).toEqual([...indexes])
})
