import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cursor } from '../../src/event/cursor.ts'
import { printCursor } from '../../src/event/cursor-text.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { openDatabase } from '../../src/infra/database.ts'
import { type CrashingPostgres, startCrashingPostgres } from '../support/crashing-postgres.ts'
import { checkHistory, FAULTLESS } from '../support/event-checker.ts'
import { wholeLog } from '../support/event-log.ts'
import { seededRandom } from '../support/random.ts'
import { until } from '../support/until.ts'
import { chaosTypes } from './cluster.ts'
import { checkExecutions, readExecutions, readRecords } from './executions.ts'
import { countByStatus, createRecorded } from './recorded-tasks.ts'
import { type SteadyServer, startSteadyServer } from './steady-server.ts'
import { createIdReader, startSubscriber } from './subscriber.ts'
import { overSocket } from './subscription.ts'

const TASKS = 200

let postgres: CrashingPostgres
let server: SteadyServer
let folder: string
beforeAll(async () => {
  postgres = await startCrashingPostgres()
  folder = await mkdtemp(join(tmpdir(), 'task-mgmt-record-'))
  server = await startSteadyServer({
    env: { DATABASE_URL: postgres.url, TASK_MGMT_SLOTS: '100' },
    argv: ['--handlers', chaosTypes],
  })
})
afterAll(async () => {
  await server.end('SIGTERM')
  await postgres.stop()
  await rm(folder, { recursive: true })
})

it('a server goes on with its tasks, and its subscribers with their events, when the database was killed under it', async () => {
  const random = seededRandom(7)
  const record = join(folder, 'executions')
  const ended = () => readExecutions(record).filter(({ what }) => what === 'ended').length
  let end: Cursor | null = null
  const subscriber = startSubscriber({
    filter: { tenant: 'default' },
    start: await withDatabase(async (db) => printCursor(await nowCursor(db))),
    random,
    open: overSocket,
    target: async () => ({ url: server.url, apiKey: null }),
    readId: createIdReader(),
    cutChance: 0,
    end: () => end,
  })
  const inputs = Array.from({ length: TASKS }, () => ({ record, ms: [100 + Math.floor(random() * 1_500)] }))
  await createRecorded(server.url, inputs)
  for (const share of [0.1, 0.5]) {
    await until(() => ended() >= TASKS * share, 20_000)
    await postgres.crash()
  }
  await withDatabase(async (db) => {
    await until(async () => (await countByStatus(db)).COMPLETED === TASKS, 30_000)
    end = await nowCursor(db)
    subscriber.cut()
    await subscriber.done
    const report = checkExecutions(readExecutions(record), await readRecords(db, 'recorded'))
    console.log(
      `${report.tasks} tasks through 2 crashes of the database: ${report.lost} attempts lost, ${subscriber.got.length} events ` +
        `over ${subscriber.connections} connections, ${subscriber.refusals.length} refusals`,
    )
    expect(report.faults).toEqual([])
    expect(checkHistory(await wholeLog(db), [subscriber])).toEqual(FAULTLESS)
  })
  expect(await ask()).toBe(200)
}, 90_000)

async function ask(): Promise<number> {
  return (await fetch(server.url.replace('/graphql', '/ready'))).status
}

async function withDatabase<T>(use: (db: Pool) => Promise<T>): Promise<T> {
  const db = openDatabase({ url: postgres.url, size: 4, applicationName: 'test' })
  try {
    return await use(db)
  } finally {
    await db.end()
  }
}
