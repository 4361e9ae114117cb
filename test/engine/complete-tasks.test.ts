import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EndAttempt } from '../../src/engine/attempt-end.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import type { TaskState } from '../../src/task/task-state.ts'
import { transition } from '../../src/task/transition.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { sized } from '../support/size.ts'
import { insertStates, readStates } from '../support/task-rows.ts'
import { births, steps, walk } from '../support/task-walk.ts'

const actor = { tenant: 'default', name: 'worker' }

const { database, engine } = await engineFixture()

/** RUNNING tasks as any history may leave them, some with a claim of their success that is one epoch late. */
const running = fc.record({
  state: fc
    .tuple(births, fc.array(steps, { maxLength: 25, size: 'max' }))
    .map(([birth, path]): TaskState => walk(birth, path).end)
    .filter(({ status }) => status === 'RUNNING'),
  isLate: fc.boolean(),
  output: fc.constantFrom(null, 'null', '{"a": [1, 2]}', '"\\"quoted\\""'),
})

describe('the success in SQL', () => {
  test('makes of every RUNNING task exactly what the pure move does, and of a late one nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(running, { minLength: 1, maxLength: 20, size: 'max' }), async (drawn) => {
        await database.pool.query('DELETE FROM task')
        const ends = drawn.map((one) => ({ ...one, state: { ...one.state, id: newUuid() } }))
        const ids = ends.map(({ state }) => state.id)
        await insertStates(
          database.pool,
          ends.map(({ state }) => state),
        )
        const before = await readStates(database.pool, ids)
        const answers = await endAttempts(engine, actor, ends.map(successOf))
        const after = await readStates(database.pool, ids)
        for (const [index, { state, isLate, output }] of ends.entries()) {
          const row = after.get(state.id)!
          const { rows: attempts } = await database.pool.query('SELECT * FROM attempt WHERE task_id = $1', [state.id])
          const { rows: events } = await database.pool.query('SELECT * FROM event WHERE task_id = $1', [state.id])
          if (isLate) {
            expect(answers[index]).toMatchObject({ ok: false, refusal: { code: 'STALE_LEASE' } })
            expect(row).toEqual(before.get(state.id))
            expect(attempts).toMatchObject([{ outcome: null, finished_at: null }])
            expect(events).toEqual([])
            continue
          }
          const command = { kind: 'complete', epoch: state.epoch } as const
          const decided = transition(before.get(state.id)!, command, row.finishedAt!, 0)
          if (decided.kind !== 'moved') throw new Error(decided.kind)
          expect(row).toEqual(decided.state)
          expect(answers[index]).toEqual({
            ok: true,
            value: { taskId: state.id, version: row.version, status: 'COMPLETED' },
          })
          const { number, outcome, error } = decided.attemptEnd!
          expect(attempts).toMatchObject([{ number, outcome, error, finished_at: row.finishedAt, cpu_ms: index }])
          expect(events).toMatchObject([
            { ...decided.event, version: row.version, status: 'COMPLETED', attempt: row.attempt, actor: actor.name },
          ])
          const { rows: outputs } = await database.pool.query('SELECT output FROM task WHERE id = $1', [state.id])
          expect(outputs[0].output).toEqual(output === null ? null : JSON.parse(output))
        }
      }),
      { numRuns: sized(40, 2_000) },
    )
  })

  test('counts the first of two ends of one task in a batch', async () => {
    const state = { ...fc.sample(running, { numRuns: 1, seed: 1 })[0]!.state, id: newUuid() }
    await insertStates(database.pool, [state])
    const end = successOf({ state, isLate: false, output: '1' }, 0)
    const [first, second] = await endAttempts(engine, actor, [end, { ...end, end: { kind: 'complete', output: '2' } }])
    expect(first).toMatchObject({ ok: true })
    expect(second).toMatchObject({ ok: false, refusal: { code: 'STALE_LEASE' } })
    const { rows } = await database.pool.query('SELECT output FROM task WHERE id = $1', [state.id])
    expect(rows).toEqual([{ output: 1 }])
  })
})

function successOf(
  { state, isLate, output }: { state: TaskState; isLate: boolean; output: string | null },
  index: number,
): EndAttempt {
  const epoch = isLate ? state.epoch - 1 : state.epoch
  return { taskId: state.id, epoch, end: { kind: 'complete', output }, usage: { cpuMs: index } }
}
