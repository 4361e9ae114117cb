import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { callBack } from '../../src/engine/call-back.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { decideApproval } from '../../src/engine/decide-approval.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { returnUnheld } from '../../src/engine/return-unheld.ts'
import type { RunEngine } from '../../src/engine/run-tools.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR } from './engine.ts'

const TYPES = ['work', 'webhook_request']

/**
 * The world around runs, one round of it: the scheduler steps what is to be stepped, a worker does what it can claim, people and other
 * services answer what they are asked. Everything may be done again after the connection broke in the middle.
 *
 * @param db the tests' own connections, to see what is asked
 * @returns whether anything was there to do
 */
export async function goRound(engine: RunEngine, db: RunEngine['db'], workerId: string): Promise<boolean> {
  await returnUnheld(engine, ACTOR, { workerId, held: [] })
  await wakeDue(engine)
  const stepped = await advanceRuns(engine)
  const { tasks } = await claimTasks(engine, { tenant: ACTOR.tenant, workerId, types: TYPES, limit: 100 })
  await endAttempts(
    engine,
    ACTOR,
    tasks.map((task) => ({ taskId: task.id, epoch: task.epoch, end: endOf(task) })),
  )
  const answered = await answerAll(engine, db)
  return stepped + tasks.length + answered > 0
}

/** What is asked of the world: sends the events that are waited for, answers approvals, calls back. @returns how many */
export async function answerAll(engine: RunEngine, db: RunEngine['db']): Promise<number> {
  const { rows: waits } = await db.query(`SELECT "id", "key" FROM "step_wait"`)
  for (const { id, key } of waits) {
    await sendEvent(engine, ACTOR, { key, payload: { ok: false }, id: `no ${id}` })
    await sendEvent(engine, ACTOR, { key, payload: { ok: true, n: 1 }, id: `yes ${id}` })
  }
  const { rows: asked } = await db.query(`SELECT "id" FROM "approval" WHERE "status" = 'OPEN'`)
  for (const { id } of asked) {
    await decideApproval(engine, { ...ACTOR, name: 'ada', role: 'DEVELOPER' }, { approvalId: id, approved: true })
  }
  const { rows: called } = await db.query(
    `SELECT "awaited_id" FROM "step_run" WHERE "type" = 'WEBHOOK' AND "status" = 'WAITING' AND "awaited_id" IS NOT NULL`,
  )
  for (const { awaited_id: awaitedId } of called) {
    await callBack(engine, { tenant: ACTOR.tenant, awaitedId, body: { called: true } })
  }
  return waits.length + asked.length + called.length
}

function endOf({ type, input }: ClaimedTask) {
  const { n = 0 } = input as { n?: number }
  if (type === 'webhook_request') return { kind: 'complete', output: '{"status":202}' } as const
  if (n < 0) {
    const error = { code: 'BROKEN', message: 'n is negative', retryable: false, attempt: 0 }
    return { kind: 'fail', outcome: 'FAILED', error } as const
  }
  return { kind: 'complete', output: JSON.stringify(n * 10) } as const
}
