import { describe, expect, test } from 'vitest'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { TaskFailure } from '../../src/worker/handler.ts'
import { ACTOR } from '../support/engine.ts'
import { servingFixture } from '../support/serving-fixture.ts'

const { database, serve } = await servingFixture()

describe('what a handler returns', () => {
  const MEGABYTE = 1_048_576

  test.each([
    ['an object', { a: [1, null] }, { status: 'COMPLETED', output: { a: [1, null] } }],
    ['nothing', undefined, { status: 'COMPLETED', output: null }],
    ['exactly 1 MB', 'x'.repeat(MEGABYTE - 2), { status: 'COMPLETED' }],
    [
      '1 MB and one byte',
      'x'.repeat(MEGABYTE - 1),
      { status: 'FAILED', error: { code: 'OUTPUT_TOO_LARGE', retryable: false } },
    ],
    ['a BigInt', 1n, { status: 'FAILED', error: { code: 'OUTPUT_INVALID' } }],
    ['a NUL character', 'a\0', { status: 'FAILED', error: { code: 'OUTPUT_INVALID' } }],
    [
      'a nest too deep',
      JSON.parse(`${'['.repeat(3_000)}${']'.repeat(3_000)}`),
      { status: 'FAILED', error: { code: 'OUTPUT_INVALID' } },
    ],
  ])('%s', async (_what, value, expected) => {
    const worker = await serve(() => value as never)
    const [id] = await worker.create({ retry: { maxAttempts: 5 } })
    expect(await worker.ended(id!)).toMatchObject(expected)
    expect(worker.errors).toEqual([])
  })

  test('is checked against the schemas of the type, like its input', async () => {
    const shape = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } as const
    let calls = 0
    const worker = await serve(
      (task) => {
        calls += 1
        return (task.input as { n: number }).n === 1 ? { n: 1 } : { n: 'one' }
      },
      { input: shape, output: shape },
    )
    const refused = await createTasks(worker.engine, ACTOR, { tasks: [{ name: 'a', type: 'work', input: {} }] })
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'VALIDATION' } })
    const [fine, wrong] = await worker.create({ input: { n: 1 } }, { input: { n: 2 } })
    expect(await worker.ended(fine!)).toMatchObject({ status: 'COMPLETED' })
    expect(await worker.ended(wrong!)).toMatchObject({ error: { code: 'OUTPUT_INVALID', retryable: false } })
    const [fed] = await worker.create({
      input: { n: 1 },
      dependsOn: [{ taskId: fine!, kind: 'DATA', inputField: 'n' }],
    })
    expect(await worker.ended(fed!)).toMatchObject({
      error: { code: 'INPUT_INVALID', message: expect.stringContaining('input.n') },
    })
    expect(calls).toBe(2)
  })
})

describe('what a handler throws', () => {
  const hostile = new Proxy({}, { getPrototypeOf: () => JSON.parse('{') })
  test.each([
    ['an error', new Error('no'), { code: 'HANDLER_ERROR', message: 'no' }],
    ['a string', 'plain', { code: 'HANDLER_ERROR', message: 'plain' }],
    ['undefined', undefined, { code: 'HANDLER_ERROR' }],
    ['an error with a cycle', Object.assign(new Error('round'), { self: {} }), { message: 'round' }],
    ['a proxy that refuses everything', hostile, { code: 'HANDLER_ERROR' }],
    ['NUL characters', new Error('a\0b'), { message: 'a\uFFFDb' }],
    [
      'a failure with a code',
      new TaskFailure('QUOTA', 'used up', { retryable: false }),
      { code: 'QUOTA', retryable: false },
    ],
  ])('%s becomes a clean error', async (_what, thrown, error) => {
    const worker = await serve(() => {
      throw thrown
    })
    const [id] = await worker.create({ retry: { maxAttempts: 1 } })
    expect(await worker.ended(id!)).toMatchObject({ status: 'FAILED', error: { ...error, attempt: 1 } })
  })

  test('is retried by the policy until it succeeds', async () => {
    const worker = await serve((task) => {
      if (task.attempt < 3) throw new Error(`attempt ${task.attempt}`)
      return { attempt: task.attempt }
    })
    const [id] = await worker.create({ retry: { maxAttempts: 3, initialMs: 1 } })
    while ((await worker.rowOf(id!)).finished_at === null) await wakeDue(worker.engine)
    expect(await worker.rowOf(id!)).toMatchObject({ status: 'COMPLETED', output: { attempt: 3 }, failures: 2 })
  })

  test('a time to park until that is none, fails the attempt', async () => {
    const worker = await serve((_task, { lease }) => lease.park({ until: new Date('never') }))
    const [id] = await worker.create({ retry: { maxAttempts: 1 } })
    expect(await worker.ended(id!)).toMatchObject({
      status: 'FAILED',
      error: { message: expect.stringContaining('park') },
    })
  })
})

describe('what a handler says', () => {
  test('progress is coalesced, and the last one is kept though the handler returns at once', async () => {
    const worker = await serve((_task, context) => {
      for (let step = 1; step <= 1_000; step++) context.progress(step / 1_000, `step ${step}`)
      return null
    })
    const [id] = await worker.create({})
    expect(await worker.ended(id!)).toMatchObject({ progress_fraction: 1, progress_message: 'step 1000' })
    expect(await worker.kindsOf(id!)).toEqual(['TaskCreated', 'TaskStarted', 'TaskProgressed', 'TaskCompleted'])
  })

  test('log lines come in order, before the end, whatever is in them', async () => {
    const worker = await serve((_task, context) => {
      for (let line = 0; line < 300; line++) context.log('info', `line ${line}`, { line })
      context.log('warn', 'odd \0 \ud800', { bad: 'x\0' })
      context.log('nonsense' as 'info', 'no such level')
      context.log('error', 'last')
      return null
    })
    const [id] = await worker.create({})
    await worker.ended(id!)
    const { rows } = await database.pool.query('SELECT message, level FROM task_log WHERE task_id = $1 ORDER BY id', [
      id,
    ])
    const expected = Array.from({ length: 300 }, (_, line) => `line ${line}`)
    expect(rows.map(({ message }) => message)).toEqual([...expected, 'odd \uFFFD \uFFFD', 'last'])
  })

  test('parks and releases', async () => {
    const worker = await serve((task, { lease }) => {
      if (task.epoch === 1) return lease.release('not now')
      if (task.epoch === 2) return lease.park({ until: new Date() })
      return { epoch: task.epoch, attempt: task.attempt }
    })
    const [id] = await worker.create({})
    while ((await worker.rowOf(id!)).finished_at === null) await wakeDue(worker.engine)
    expect(await worker.rowOf(id!)).toMatchObject({ output: { epoch: 3, attempt: 2 } })
  })

  test('parks for one event after the other, and has all answers at the end', async () => {
    const worker = await serve(({ attempt }, { lease }) => {
      const first = lease.answerTo<{ n: number }>('first')
      if (first === null) return lease.park({ key: 'first', condition: 'payload.n == 1' })
      const second = lease.answerTo('second')
      if (second === null) return lease.park({ key: 'second', timeoutMs: 0 })
      if (first.outcome !== 'ANSWERED' || second.outcome !== 'TIMED_OUT') throw new Error('other answers were given')
      return {
        attempt,
        n: first.payload.n,
        keys: lease.answers.map(({ key }) => key),
        isOther: lease.answerTo('other') !== null,
      }
    })
    const [id] = await worker.create({})
    while ((await worker.rowOf(id!)).finished_at === null) {
      if ((await worker.rowOf(id!)).wait_key === 'first')
        for (const n of [0, 1]) await sendEvent(worker.engine, ACTOR, { key: 'first', payload: { n } })
      await wakeDue(worker.engine)
    }
    expect(await worker.rowOf(id!)).toMatchObject({
      output: { attempt: 1, n: 1, keys: ['first', 'second'], isOther: false },
    })
  })
})
