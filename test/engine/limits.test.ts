import { describe, expect, test } from 'vitest'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { limitFixture } from '../support/limit-fixture.ts'
import { completing } from '../support/verbs.ts'

const { database, engine, verbs, rowsOf, claim, admitAll, faults } = await limitFixture()

describe('a limit', () => {
  test('lets as many through as it says, and the next when one has ended', async () => {
    const ids = await verbs.create(...Array.from({ length: 5 }, () => ({ concurrencyKey: 'pair' })))
    expect(await claim()).toEqual([])
    expect(await admitAll()).toBe(2)
    const first = await claim()
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    expect(await admitAll()).toBe(0)
    await endAttempts(engine, ACTOR, [completing(first[0]!)])
    expect(engine.rung).toContain('limits')
    expect(await admitAll()).toBe(1)
    expect((await claim()).map(({ id }) => id)).toEqual([ids[2]])
    expect(await faults()).toEqual([])
  })

  test('holds for those that an end frees: by their conditions, and one after the other', async () => {
    const first = await verbs.createOne({ concurrencyKey: 'solo' })
    const behind = (condition: string) => ({
      concurrencyKey: 'solo',
      dependsOn: [{ taskId: first, kind: 'CONDITIONAL' as const, condition }],
    })
    const [met, also, unmet] = await verbs.create(
      behind('output.a == 1'),
      behind('attempt == 1'),
      behind('output.a > 1'),
    )
    await admitAll()
    const [task] = await claim()
    engine.rung.length = 0
    await endAttempts(engine, ACTOR, [completing(task!, '{"a":1}')])
    expect(engine.rung).toContain('limits')
    expect(await admitAll()).toBe(1)
    const [next] = await claim()
    expect(next!.id).toBe(met)
    const others = await rowsOf(
      `SELECT id, status::text, blocked_on FROM task WHERE id <> '${first}' AND id <> '${met}' ORDER BY id`,
    )
    expect(others).toEqual([
      { id: also, status: 'READY', blocked_on: 'key:solo' },
      { id: unmet, status: 'SKIPPED', blocked_on: null },
    ])
    expect(await faults()).toEqual([])
  })

  test('is found by the longest pattern that fits its key, and is 1 without any', async () => {
    const keyed = (concurrencyKey: string) => Array.from({ length: 6 }, () => ({ concurrencyKey }))
    await verbs.create(...keyed('pair'), ...keyed('pair-of-four'), ...keyed('solo'))
    await admitAll()
    expect(await claim()).toHaveLength(2 + 4 + 1)
  })

  test('counts the slots that a task takes, of all its limits at once', async () => {
    const [large, small] = await verbs.create(
      { pools: { gpu: 2, ram: 6 } },
      { pools: { gpu: 1, ram: 1 } },
      { pools: { gpu: 1 } },
      { pools: { ram: 1 } },
    )
    await admitAll()
    expect((await claim()).map(({ id }) => id)).toEqual([large, small, expect.any(String)])
    const waiting = await rowsOf(`SELECT blocked_on FROM task WHERE status = 'READY'`)
    expect(waiting).toEqual([{ blocked_on: 'pool:gpu' }])
    expect(await faults()).toEqual([])
  })

  test('gives its slots to who comes first, also when others were admitted before and have not been claimed', async () => {
    const [later] = await verbs.create({ concurrencyKey: 'solo', priority: 'LOW' })
    await admitAll()
    const [first] = await verbs.create({ concurrencyKey: 'solo', priority: 'CRITICAL' })
    expect(await admitAll()).toBe(1)
    expect((await claim()).map(({ id }) => id)).toEqual([first])
    expect(await rowsOf(`SELECT id, blocked_on FROM task WHERE status = 'READY'`)).toEqual([
      { id: later, blocked_on: 'key:solo' },
    ])
  })

  test('admits nobody whose type is not served, so that it cannot hold a slot for nothing', async () => {
    await database.pool.query(`INSERT INTO task_type (name) VALUES ('unserved') ON CONFLICT DO NOTHING`)
    await verbs.create({ concurrencyKey: 'solo', type: 'unserved' })
    const id = await verbs.createOne({ concurrencyKey: 'solo' })
    await admitAll()
    expect((await claim()).map((task) => task.id)).toEqual([id])
  })

  test('that is lowered lets nobody in until enough have ended', async () => {
    await verbs.create(...Array.from({ length: 8 }, () => ({ pools: { gpu: 1 } })))
    await admitAll()
    const running = await claim()
    expect(running).toHaveLength(3)
    await database.pool.query(`UPDATE pool SET capacity = 1 WHERE name = 'gpu'`)
    for (const [index, task] of running.entries()) {
      await endAttempts(engine, ACTOR, [completing(task)])
      expect(await admitAll()).toBe(index < 2 ? 0 : 1)
    }
  })
})

describe('labels', () => {
  const LABELS = { region: 'eu', gpu: 'a100', zone: 'b' }
  test.each([
    ['region=eu', true],
    ['region=us', false],
    ['gpu', true],
    ['!gpu', false],
    ['!spot', true],
    ['spot!=yes', true],
    ['zone in (a, b)', true],
    ['zone notin (a, b)', false],
    ['missing in (a)', false],
    ['region=eu, gpu, zone!=a', true],
    ['region=eu, gpu, zone=a', false],
  ])('%s lets a worker claim: %s', async (workerSelector, isMet) => {
    const worker = await addWorker(engine, ['work'])
    await database.pool.query('UPDATE worker SET labels = $2 WHERE id = $1', [worker, JSON.stringify(LABELS)])
    const id = await verbs.createOne({ workerSelector })
    expect((await claim(1, worker)).map((task) => task.id)).toEqual(isMet ? [id] : [])
  })
})
