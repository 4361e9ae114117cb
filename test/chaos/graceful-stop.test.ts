import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { chaosTypes } from './cluster.ts'
import { checkExecutions, readExecutions, readRecords } from './executions.ts'
import { countByStatus, createRecorded } from './recorded-tasks.ts'
import { type SteadyServer, startSteadyServer } from './steady-server.ts'
import { ConnectionClosed, type Open, overEventStream, overSocket } from './subscription.ts'

describe('SIGTERM under load', () => {
  let database: TestDatabase
  let folder: string
  let record: string
  let server: SteadyServer
  beforeEach(async () => {
    database = await freshDatabase()
    folder = await mkdtemp(join(tmpdir(), 'task-mgmt-record-'))
    record = join(folder, 'executions')
    server = await startSteadyServer({
      env: { DATABASE_URL: database.url, TASK_MGMT_SLOTS: '50', TASK_MGMT_STOP_SECONDS: '2' },
      argv: ['--handlers', chaosTypes],
    })
  })
  afterEach(async () => {
    await server.end('SIGTERM')
    await database.drop()
    await rm(folder, { recursive: true })
  })

  /** Listens to all events until the server ends it. Returns the close code, or 0 when the stream ended in order. */
  async function listen(open: Open, onFirst: () => void): Promise<number> {
    const query = 'subscription { events { ... on EventBatch { cursor } } }'
    try {
      const subscription = { url: server.url, apiKey: null, query, variables: {} }
      for await (const { errors } of open(subscription, new AbortController().signal)) {
        expect(errors).toBeUndefined()
        onFirst()
      }
      return 0
    } catch (error) {
      if (error instanceof ConnectionClosed) return error.code
      throw error
    }
  }

  it('lets handlers end or gives their tasks back, asks sockets to come again, and ends with code 0', async () => {
    let listening = 0
    const onFirst = () => void listening++
    const sockets = Array.from({ length: 10 }, () => listen(overSocket, onFirst))
    const streams = Array.from({ length: 5 }, () => listen(overEventStream, onFirst))
    await until(() => listening >= 15)

    const quick = { record, ms: [500] }
    const slow = { record, ms: [600_000, 20] }
    const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
    await createRecorded(server.url, [...times(20, quick), ...times(20, slow), ...times(10, { ...slow, isDeaf: true })])
    await until(() => readExecutions(record).filter(({ what }) => what === 'began').length === 50)
    const made = createUntilRefused()

    const askedAt = performance.now()
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
    const tookMs = Math.round(performance.now() - askedAt)
    expect(await Promise.all(sockets)).toEqual(times(10, 1001))
    expect(await Promise.all(streams)).toEqual(times(5, 0))
    const after = await countByStatus(database.pool)
    expect(after).toEqual({ COMPLETED: 20, READY: 30 + (await made) })

    await server.start()
    await until(async () => (await countByStatus(database.pool)).COMPLETED === 50 + (await made), 20_000)
    const report = checkExecutions(readExecutions(record), await readRecords(database.pool, 'recorded'))
    console.log(`ended ${tookMs} ms after SIGTERM: ${JSON.stringify(after)}; ${report.released} released and run again`)
    expect(report).toMatchObject({ faults: [], lost: 0, released: 30 })
  }, 60_000)

  /** Makes tasks one by one for as long as somebody answers; returns how many were answered. */
  async function createUntilRefused(): Promise<number> {
    for (let count = 0; ; count++) {
      try {
        await createRecorded(server.url, [{ record, ms: [1] }])
      } catch {
        return count
      }
    }
  }
})
