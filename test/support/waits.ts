import type { Pool } from 'pg'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import type { ParkRequest } from '../../src/task/task-state.ts'
import { ACTOR, type TestEngine } from './engine.ts'

/** Everything in which tasks and their waits contradict each other; empty when they are sound. */
export async function openWaitProblems(db: Pool): Promise<string[]> {
  const { rows } = await db.query<{ problem: string }>(`
    SELECT format('%s (%s) waits for %s, its open wait is for %s', t.id, t.status, t.wait_key, w.key) AS problem
    FROM task t FULL JOIN (SELECT * FROM event_wait WHERE ended_at IS NULL) w ON w.tenant = t.tenant AND w.task_id = t.id
    WHERE t.wait_key IS DISTINCT FROM w.key OR (w.key IS NOT NULL AND w.epoch <> t.epoch)
    UNION ALL
    SELECT format('%s was answered twice by %s', task_id, event_id) FROM event_wait
    WHERE event_id IS NOT NULL GROUP BY task_id, event_id HAVING count(*) > 1
    UNION ALL
    SELECT format('%s has %s answers in the log and %s in its waits', coalesce(e.task_id, w.task_id), e.answers, w.answers)
    FROM (SELECT task_id, count(*) AS answers FROM event WHERE kind = 'TaskAnswered' GROUP BY task_id) e
    FULL JOIN (SELECT task_id, count(*) AS answers FROM event_wait WHERE outcome = 'ANSWERED' GROUP BY task_id) w
      ON w.task_id = e.task_id
    WHERE e.answers IS DISTINCT FROM w.answers`)
  return rows.map(({ problem }) => problem)
}

/** Leaves no task, wait or event. */
export async function forgetAll(db: Pool): Promise<void> {
  for (const table of ['event_wait', 'received_event', 'task', 'attempt_record', 'event', 'task_log'])
    await db.query(`DELETE FROM "${table}"`)
}

/** Ends an attempt by parking its task; by default neither for a time nor for an event. */
export function parkFor(engine: TestEngine, { id, epoch }: ClaimedTask, wait: Partial<ParkRequest>) {
  const park = { until: null, waitKey: null, ...wait }
  return endAttempts(engine, ACTOR, [{ taskId: id, epoch, end: { kind: 'park', park } }])
}
