import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { uuidIn } from '../support/graph-fixture.ts'
import { startLiveGraph } from '../support/live-graph.ts'
import { remoteWorkerFixture } from '../support/remote-worker-fixture.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'

const { graph, newWorker, create, ended, completions } = await remoteWorkerFixture()

describe('when answers are lost', () => {
  test('every task is run and ended exactly once, and no line is written twice', async () => {
    const proxy = await startCuttingProxy(graph.url)
    const count = sized(200, 1_000)
    const runs = new Map<string, number>()
    const worker = newWorker({ url: proxy.url, slots: 5 })
    worker.handle('work', {}, async ({ id }, { log }) => {
      runs.set(id, (runs.get(id) ?? 0) + 1)
      log('info', 'one')
      await delay(1)
      log('info', 'two')
      return 'done'
    })
    await worker.start()
    const ids = await create(...Array.from({ length: count }, () => ({})))
    proxy.loseEvery(2)
    await until(async () => {
      const { rows } = await graph.pool.query(`SELECT count(*)::int AS n FROM task WHERE status = 'COMPLETED'`)
      return rows[0].n === count
    }, 60_000)
    await worker.stop({ graceMs: 1_000 })
    await proxy.stop()
    expect(proxy.lost).toBeGreaterThan(5)
    console.log(`${proxy.lost} answers were lost on the way of ${count} tasks`)
    expect(ids.filter((id) => runs.get(id) !== 1)).toEqual([])
    const { rows } = await graph.pool.query(
      `SELECT task_id, array_agg(message ORDER BY id) AS lines FROM task_log WHERE task_id = ANY($1) GROUP BY 1`,
      [ids.map(uuidIn)],
    )
    expect(rows).toHaveLength(count)
    for (const { lines } of rows) expect(lines).toEqual(['one', 'two'])
    expect(await completions()).toBe(count)
  }, 90_000)

  test('a server that is away is waited for, at the start and later', async () => {
    await graph.down()
    const worker = newWorker()
    worker.handle('work', {}, () => 'done')
    const starting = worker.start()
    await until(() => worker.words.some((word) => word.includes('does not answer')))
    await graph.up()
    await starting
    await graph.down()
    await delay(300)
    await graph.up()
    const [id] = await create({})
    expect(await ended(id!)).toMatchObject({ output: 'done' })
  })
})

describe('what the server refuses for good', () => {
  test('ends the worker and says why', async () => {
    const closed = await startLiveGraph({ mode: 'keys' })
    try {
      const stranger = newWorker({ url: closed.url, apiKey: `tmk_${'a'.repeat(43)}` })
      stranger.handle('work', {}, () => null)
      await expect(stranger.start()).rejects.toThrow('API key is not known')
      await expect(stranger.ended).rejects.toThrow('API key is not known')

      const known = newWorker({ url: closed.url, apiKey: await closed.key('WORKER') })
      known.handle('work', {}, () => null)
      await known.start()
      await closed.pool.query('UPDATE api_key SET revoked_at = now()')
      closed.engine.channel.publish('claimable')
      closed.engine.channel.publish('leased')
      await expect(known.ended).rejects.toThrow('revoked')
      expect(known.words.at(-1)).toContain('refuses this worker')

      const wrong = newWorker()
      wrong.handle('Not Snake', {}, () => null)
      await expect(wrong.start()).rejects.toMatchObject({ code: 'VALIDATION' })
    } finally {
      await closed.stop()
    }
  })
})
