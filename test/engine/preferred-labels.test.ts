import { describe, expect, test } from 'vitest'
import type { NewTask } from '../../src/task/new-task.ts'
import { addWorker } from '../support/engine.ts'
import { resourceFixture } from '../support/resource-fixture.ts'

const { database, engine, verbs, worker, claimOf, claim } = await resourceFixture()
const idsOf = (tasks: readonly { id: string }[]): string[] => tasks.map(({ id }) => id)

describe('preferred labels', () => {
  const prefers = (selector: string, more: Partial<NewTask> = {}): Partial<NewTask> => ({
    workerPreferences: [{ selector }],
    ...more,
  })

  test('send a task to a worker that has them while one lives, for the time of grace', async () => {
    const [plain, fast] = [await worker({}), await worker({}, { labels: { disk: 'ssd' } })]
    const [first, second] = await verbs.create(prefers('disk=ssd'), prefers('disk=ssd', { preferenceGraceMs: 60_000 }))
    expect(await claimOf(plain)).toEqual({ tasks: [], hasMore: false })
    await database.pool.query(`UPDATE task SET ready_at = ready_at - interval '5 seconds'`)
    expect(idsOf(await claim(plain))).toEqual([first])
    expect(idsOf(await claim(fast))).toEqual([second])
  })

  test.each(['DRAINING', 'LOST', 'silent'])('are not waited for when the worker that has them is %s', async (state) => {
    const [plain, fast] = [await worker({}), await worker({}, { labels: { disk: 'ssd' } })]
    const id = await verbs.createOne(prefers('disk=ssd'))
    expect(await claim(plain)).toEqual([])
    await database.pool.query(
      state === 'silent'
        ? `UPDATE worker SET heartbeat_at = now() - interval '1 day' WHERE id = $1`
        : `UPDATE worker SET state = '${state}' WHERE id = $1`,
      [fast],
    )
    expect(idsOf(await claim(plain))).toEqual([id])
  })

  test('are not waited for when who has them serves another type, lacks what is required, or is too small', async () => {
    const labels = { disk: 'ssd' }
    await addWorker(engine, ['other'], 10, { labels })
    await worker({}, { labels })
    await worker({ gpu: 1 }, { labels: { ...labels, region: 'us' } })
    const plain = await worker({ gpu: 1 }, { labels: { region: 'eu' } })
    const id = await verbs.createOne(prefers('disk=ssd', { resources: { gpu: 1 }, workerSelector: 'region=eu' }))
    expect(idsOf(await claim(plain))).toEqual([id])
  })

  test('count by their weights, summed', async () => {
    const ssd = await worker({}, { labels: { disk: 'ssd' } })
    const near = await worker({}, { labels: { zone: 'a', rack: '7' } })
    const id = await verbs.createOne({
      workerPreferences: [
        { selector: 'disk=ssd', weight: 50 },
        { selector: 'zone=a', weight: 30 },
        { selector: 'rack', weight: 30 },
      ],
    })
    expect(await claim(ssd)).toEqual([])
    expect(idsOf(await claim(near))).toEqual([id])
  })

  test('keep a worker from nothing that stands behind', async () => {
    const plain = await worker({})
    await worker({}, { labels: { disk: 'ssd' } })
    await verbs.create(...Array.from({ length: 300 }, () => prefers('disk=ssd', { priority: 'CRITICAL' })))
    const id = await verbs.createOne()
    expect(idsOf(await claim(plain, 10))).toEqual([id])
  })
})
