import { afterEach, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { type EventSent, sendEvent } from '../../src/engine/send-event.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { JsonValue } from '../../src/task/json.ts'
import type { Result } from '../../src/task/refusal.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import type { ParkRequest } from '../../src/task/task-state.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { raceOf } from '../support/race.ts'
import { forgetAll, openWaitProblems, parkFor } from '../support/waits.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs } = await engineFixture()
const race = raceOf(database.pool, engine, verbs)
afterEach(async () => {
  await expectWholeHistory(database.pool)
  expect(await openWaitProblems(database.pool)).toEqual([])
  await forgetAll(database.pool)
})

const park = (task: ClaimedTask, wait: Partial<ParkRequest>) => parkFor(engine, task, wait)

/** A task that waits, and the queue from which it is claimed again. */
async function waiting(wait: Partial<ParkRequest>): Promise<ClaimedTask & { queue: string }> {
  const queue = crypto.randomUUID()
  await verbs.createOne({ queue })
  const [task] = await race.claimFrom(queue)
  await park(task!, wait)
  expect(await race.statusOf(task!.id)).toBe('WAITING')
  return { ...task!, queue }
}

async function send(key: string, payload: JsonValue = null, id?: string): Promise<EventSent> {
  return sentOf(await sendEvent(engine, ACTOR, { key, payload, ...(id !== undefined && { id }) }))
}

function sentOf(sent: Result<EventSent>): EventSent {
  if (!sent.ok) throw new Error(JSON.stringify(sent.refusal))
  return sent.value
}

async function claimAgain({ queue }: { queue: string }): Promise<ClaimedTask> {
  const [task] = await race.claimFrom(queue)
  return task!
}

describe('an event', () => {
  test('lets all go on that wait for its key, who find its payload in the same attempt', async () => {
    const first = await waiting({ waitKey: 'order' })
    const second = await waiting({ waitKey: 'order' })
    const other = await waiting({ waitKey: 'other' })
    const sent = await send('order', { paid: true })
    expect(sent).toMatchObject({ woken: 2, isRepeat: false, failedConditions: 0 })
    for (const task of [first, second]) {
      const again = await claimAgain(task)
      expect(again).toMatchObject({ id: task.id, attempt: 1, epoch: 2 })
      expect(again.answers).toEqual([
        { key: 'order', eventId: sent.eventId, payload: { paid: true }, sender: 'test', atMs: expect.any(Number) },
      ])
    }
    expect(await race.statusOf(other.id)).toBe('WAITING')
  })

  test('that nobody waits for is taken, and not waited with for those who come later', async () => {
    expect(await send('early')).toMatchObject({ woken: 0 })
    const task = await waiting({ waitKey: 'early' })
    expect(await race.statusOf(task.id)).toBe('WAITING')
  })

  test('is passed by where the condition does not hold, and told where it cannot be judged', async () => {
    const match = await waiting({ waitKey: 'order', condition: 'payload.id == "a" && payload.total > 5' })
    const not = await waiting({ waitKey: 'order', condition: 'payload.id == "b"' })
    const bad = await waiting({ waitKey: 'order', condition: 'payload.missing.field > 1' })
    const sent = await send('order', { id: 'a', total: 7 })
    expect(sent).toMatchObject({ woken: 1, failedConditions: 1 })
    expect(sent.conditionErrors).toMatchObject([{ taskId: bad.id, condition: 'payload.missing.field > 1' }])
    expect(await race.statusOf(match.id)).toBe('READY')
    expect(await race.statusOf(not.id)).toBe('WAITING')
    expect(await race.statusOf(bad.id)).toBe('WAITING')
    const { rows } = await database.pool.query('SELECT task_id, level, message FROM task_log')
    expect(rows).toMatchObject([
      { task_id: bad.id, level: 'warn', message: expect.stringContaining('cannot be judged') },
    ])
    expect(engine.rung).toContain(`log:${bad.id}`)
  })

  test('of another tenant is none of ours', async () => {
    const task = await waiting({ waitKey: 'order' })
    const sent = await sendEvent(engine, { tenant: 'elsewhere', name: 'spy' }, { key: 'order' })
    expect(sent).toMatchObject({ value: { woken: 0 } })
    expect(await race.statusOf(task.id)).toBe('WAITING')
  })

  test('sent again with its id answers what came of it first, and wakes nobody', async () => {
    await waiting({ waitKey: 'order' })
    const first = await send('order', { a: 1, b: [2] }, 'hook-1')
    const later = await waiting({ waitKey: 'order' })
    expect(await send('order', { b: [2], a: 1 }, 'hook-1')).toEqual({ ...first, isRepeat: true })
    expect(await race.statusOf(later.id)).toBe('WAITING')
    for (const [key, payload] of [
      ['order', { a: 2 }],
      ['other', { a: 1, b: [2] }],
    ] as const) {
      expect(await sendEvent(engine, ACTOR, { key, payload, id: 'hook-1' })).toMatchObject({
        refusal: { code: 'EVENT_ID_CONFLICT', id: 'hook-1', eventId: first.eventId },
      })
    }
    expect(await sendEvent(engine, { ...ACTOR, tenant: 'elsewhere' }, { key: 'x', id: 'hook-1' })).toMatchObject({
      ok: true,
    })
  })

  test('is refused when it cannot be kept, with all that is wrong', async () => {
    const refusalsOf = async (input: Parameters<typeof sendEvent>[2]) => {
      const sent = await sendEvent(engine, ACTOR, input)
      return sent.ok ? [] : 'issues' in sent.refusal ? sent.refusal.issues.map(({ path }) => path.join('.')) : sent
    }
    expect(await refusalsOf({ key: '', id: 'x'.repeat(501) })).toEqual(['key', 'id'])
    expect(await refusalsOf({ key: 'k'.repeat(501), payload: 'x'.repeat(262_144) })).toEqual(['key', 'payload'])
    expect(await refusalsOf({ key: 'a\0b', payload: '\ud800' })).toEqual(['key', 'payload'])
    expect((await database.pool.query('SELECT FROM received_event')).rowCount).toBe(0)
  })
})

describe('a wait', () => {
  test('ends when its time comes: the task goes on without an answer, and is told so', async () => {
    const task = await waiting({ waitKey: 'order', timeoutMs: 1 })
    await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [task.id])
    await wakeDue(engine)
    const again = await claimAgain(task)
    expect(again).toMatchObject({ attempt: 1, answers: [{ key: 'order', eventId: null, payload: null }] })
    const { rows } = await database.pool.query("SELECT payload FROM event WHERE kind = 'TaskReady' AND task_id = $1", [
      task.id,
    ])
    expect(rows).toEqual([{ payload: { unansweredKey: 'order' } }])
    expect(await send('order')).toMatchObject({ woken: 0 })
  })

  test('ends with its task', async () => {
    const task = await waiting({ waitKey: 'order' })
    await cancelTask(engine, ACTOR, { taskId: task.id })
    expect(await send('order')).toMatchObject({ woken: 0 })
    const { rows } = await database.pool.query('SELECT outcome FROM event_wait')
    expect(rows).toEqual([{ outcome: 'CANCELLED' }])
  })

  test('goes on while its task is paused: the answer is there when it is resumed', async () => {
    const task = await waiting({ waitKey: 'order' })
    await pauseTask(engine, ACTOR, { taskId: task.id })
    expect(await send('order', 7)).toMatchObject({ woken: 1 })
    expect(await race.statusOf(task.id)).toBe('PAUSED')
    expect(await send('order', 8)).toMatchObject({ woken: 0 })
    await resumeTask(engine, ACTOR, { taskId: task.id })
    expect(await claimAgain(task)).toMatchObject({ answers: [{ payload: 7 }] })
  })

  test('answers stay through later waits and lost workers, the latest last', async () => {
    const task = await waiting({ waitKey: 'first' })
    await send('first', 1)
    await park(await claimAgain(task), { waitKey: 'second' })
    await send('second', 2)
    const again = await claimAgain(task)
    expect(again.answers).toMatchObject([
      { key: 'first', payload: 1 },
      { key: 'second', payload: 2 },
    ])
    const failed = { code: 'BOOM', message: 'no', retryable: true, attempt: 1 }
    await endAttempts(engine, ACTOR, [
      { taskId: again.id, epoch: again.epoch, end: { kind: 'fail', outcome: 'FAILED', error: failed } },
    ])
    await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [task.id])
    await wakeDue(engine)
    expect(await claimAgain(task)).toMatchObject({ attempt: 2, answers: [{ payload: 1 }, { payload: 2 }] })
  })

  test('a task that never waited is given no answers', async () => {
    const task = await race.running()
    expect(task.answers).toBeNull()
  })
})

describe('looking back', () => {
  const parked = async (wait: Partial<ParkRequest>) => {
    const queue = crypto.randomUUID()
    await verbs.createOne({ queue })
    const [task] = await race.claimFrom(queue)
    const [answer] = await park(task!, wait)
    return { ...task!, queue, answer: answer! }
  }

  test('takes what came before, the earliest first, each once', async () => {
    await send('order', 1)
    await send('order', 2)
    const task = await parked({ waitKey: 'order', lookBackMs: 60_000 })
    expect(task.answer).toMatchObject({ value: { status: 'READY' } })
    const second = await claimAgain(task)
    expect(second).toMatchObject({ attempt: 1, answers: [{ payload: 1 }] })
    expect(await park(second, { waitKey: 'order', lookBackMs: 60_000 })).toMatchObject([{ value: { status: 'READY' } }])
    const third = await claimAgain(task)
    expect(third.answers).toMatchObject([{ payload: 1 }, { payload: 2 }])
    expect(await park(third, { waitKey: 'order', lookBackMs: 60_000 })).toMatchObject([
      { value: { status: 'WAITING' } },
    ])
    await send('order', 3)
    expect((await claimAgain(task)).answers).toMatchObject([{ payload: 1 }, { payload: 2 }, { payload: 3 }])
  })

  test('no further than asked, and not at all by default', async () => {
    await send('order', 1)
    await database.pool.query("UPDATE received_event SET received_at = received_at - interval '1 hour'")
    expect((await parked({ waitKey: 'order', lookBackMs: 60_000 })).answer).toMatchObject({
      value: { status: 'WAITING' },
    })
    expect((await parked({ waitKey: 'order', lookBackMs: 7_200_000 })).answer).toMatchObject({
      value: { status: 'READY' },
    })
    expect((await parked({ waitKey: 'order' })).answer).toMatchObject({ value: { status: 'WAITING' } })
  })

  test('past events that the condition does not hold for, however many; one that cannot be judged is told', async () => {
    for (let count = 0; count < 45; count++) await send('order', { id: count })
    await send('order', {})
    await send('order', { id: 'mine' })
    const task = await parked({ waitKey: 'order', lookBackMs: 60_000, condition: 'payload.id == "mine"' })
    expect(task.answer).toMatchObject({ value: { status: 'READY' } })
    expect((await claimAgain(task)).answers).toMatchObject([{ payload: { id: 'mine' } }])
    const { rows } = await database.pool.query('SELECT message FROM task_log WHERE task_id = $1', [task.id])
    expect(rows).toEqual([{ message: expect.stringContaining('cannot be judged') }])
  })

  test('of many tasks at once, each takes its own', async () => {
    await send('a', 'of a')
    await send('b', 'of b')
    const tasks = await Promise.all([race.running(), race.running(), race.running()])
    const keys = ['b', 'none', 'a']
    const answers = await endAttempts(
      engine,
      ACTOR,
      tasks.map((task, place) => ({
        taskId: task.id,
        epoch: task.epoch,
        end: { kind: 'park', park: { until: null, waitKey: keys[place]!, lookBackMs: 60_000 } },
      })),
    )
    expect(answers).toMatchObject([
      { value: { status: 'READY' } },
      { value: { status: 'WAITING' } },
      { value: { status: 'READY' } },
    ])
    const { rows } = await database.pool.query(
      'SELECT w.task_id, e.payload FROM event_wait w LEFT JOIN received_event e ON e.id = w.event_id',
    )
    expect(new Map(rows.map((row) => [row.task_id, row.payload]))).toEqual(
      new Map(tasks.map(({ id }, place) => [id, ['of b', null, 'of a'][place]])),
    )
  })
})
