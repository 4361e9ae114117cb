import { join } from 'node:path'
import type { Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { printCursor } from '../../src/event/cursor-text.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { openDatabase } from '../../src/infra/database.ts'
import { readConnectionFile } from '../../src/infra/embedded-postgres/connection-file.ts'
import { type DataFolder, makeDataFolder } from '../support/data-folder.ts'
import { checkHistory, FAULTLESS } from '../support/event-checker.ts'
import { wholeLog } from '../support/event-log.ts'
import { seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'
import { isPidAlive, until } from '../support/until.ts'
import { askUntilAnswered } from './ask.ts'
import type { Execution } from './chaos-types.ts'
import { chaosTypes } from './cluster.ts'
import { checkExecutions, readExecutions, readRecords } from './executions.ts'
import { type SteadyServer, startSteadyServer } from './steady-server.ts'
import { createIdReader, startSubscriber } from './subscriber.ts'
import { overSocket } from './subscription.ts'

const TASKS = 500
/** How often the server is killed before its tasks may end; after 10 losses a task would fail. */
const KILLS = sized(1, 6)

describe('kill -9 in the middle of 500 running tasks', () => {
  const random = seededRandom(5)
  let data: DataFolder
  let server: SteadyServer
  let record: string
  beforeEach(async () => {
    data = await makeDataFolder()
    record = join(data.path, 'executions')
    server = await startSteadyServer({
      env: { TASK_MGMT_DATA_DIR: data.path, TASK_MGMT_SLOTS: String(TASKS) },
      argv: ['--handlers', chaosTypes],
    })
  })
  afterEach(async () => {
    await server.end('SIGTERM')
    await data.remove()
  })

  /** What the terminal's hang-up or the out-of-memory killer does: node alone, or with the database server and its children. */
  async function kill(withPostgres: boolean): Promise<void> {
    const postmaster = data.postmasterPid()!
    // The server leads a session of its own: its process group are its children.
    if (withPostgres) process.kill(-postmaster, 'SIGKILL')
    await server.end('SIGKILL')
    if (withPostgres) await until(() => !isPidAlive(postmaster))
  }

  async function withDatabase<T>(use: (db: Pool) => Promise<T>): Promise<T> {
    const { databaseUrl } = (await readConnectionFile(data.path))!
    const db = openDatabase({ url: databaseUrl, size: 4, applicationName: 'test' })
    try {
      return await use(db)
    } finally {
      await db.end()
    }
  }

  async function createRecorded(): Promise<void> {
    for (let made = 0; made < TASKS; made += 100) {
      const tasks = Array.from({ length: 100 }, () => ({
        name: 'recorded',
        type: 'recorded',
        input: { record, ms: [...Array.from({ length: KILLS }, () => 300 + Math.floor(random() * 4000)), 20] },
      }))
      const input = { idempotencyKey: `tasks-${made}`, tasks }
      const question = { query: CREATE, variables: { input } }
      await askUntilAnswered(async () => server.url, question, expect.fail)
    }
  }

  it.each([
    ['of node alone', false],
    ['of node and the database server', true],
  ])(
    '%s: all complete once, and a subscriber gets each event once',
    async (_, withPostgres) => {
      let end: Awaited<ReturnType<typeof nowCursor>> | null = null
      const subscriber = startSubscriber({
        filter: { tenant: 'default' },
        start: await withDatabase(async (db) => printCursor(await nowCursor(db))),
        random,
        open: overSocket,
        target: async () => {
          await server.ready
          return { url: server.url, apiKey: null }
        },
        readId: createIdReader(),
        cutChance: 0,
        end: () => end,
      })
      await createRecorded()
      const count = (wanted: Execution['what']) =>
        readExecutions(record).filter(({ what, pid }) => what === wanted && pid === server.process.pid).length
      let endedBefore = 0
      const readyAfterMs: number[] = []
      for (let kills = 0; kills < KILLS; kills++) {
        // The first time all run, later it also meets tasks that are being claimed.
        await until(() => (kills === 0 ? count('began') === TASKS && count('ended') > 60 : count('began') > 50), 20_000)
        endedBefore += count('ended')
        await kill(withPostgres)
        readyAfterMs.push(Math.round(await server.start()))
      }
      await withDatabase(async (db) => {
        await until(async () => (await countOpen(db)) === 0, 20_000)
        end = await nowCursor(db)
        subscriber.cut()
        await subscriber.done
        const log = await wholeLog(db)
        const report = checkExecutions(readExecutions(record), await readRecords(db, 'recorded'))
        console.log(
          `${report.tasks} tasks, ${endedBefore} handlers had ended before; ready again after ${readyAfterMs} ms; ` +
            `${report.ranAgain} ran again under a new epoch, ${report.lost} attempts lost, ${report.began} calls of handlers; ` +
            `${subscriber.got.length} events delivered over ${subscriber.connections} connections`,
        )
        expect(report.faults).toEqual([])
        expect(report.tasks).toBe(TASKS)
        expect(report.ranAgain).toBeGreaterThan(0)
        expect(report.lost).toBeGreaterThanOrEqual(report.ranAgain)
        expect(checkHistory(log, [subscriber])).toEqual(FAULTLESS)
        expect(subscriber.refusals).toEqual([])
      })
    },
    90_000,
  )

  it('leaves one set of tasks for each idempotency key of a client that asks until it is answered', async () => {
    let isOver = false
    const answers = new Map<string, string[]>()
    const client = async (name: string) => {
      for (let call = 0; !isOver; call++) {
        const key = `${name}-${call}`
        const tasks = Array.from({ length: 7 }, () => ({ name: key, type: 'chaos', input: { ms: 1 } }))
        const variables = { input: { idempotencyKey: key, tasks } }
        const { createTasks } = await askUntilAnswered(
          async () => {
            await server.ready
            return server.url
          },
          { query: CREATE, variables },
          () => undefined,
        )
        answers.set(key, createTasks.taskIds)
      }
    }
    const clients = Promise.all(Array.from({ length: 8 }, (_, n) => client(`client-${n}`)))
    for (const withPostgres of [false, true]) {
      const before = answers.size
      await until(() => answers.size > before + 20, 20_000)
      await kill(withPostgres)
      await server.start()
    }
    const before = answers.size
    await until(() => answers.size > before + 20, 20_000)
    isOver = true
    await clients
    const { rows } = await withDatabase((db) =>
      db.query<{ name: string; count: number }>('SELECT name, count(*)::int AS count FROM task GROUP BY name'),
    )
    console.log(
      `${answers.size} keys of 7 tasks through 2 kills: ${rows.filter(({ count }) => count === 7).length} whole sets`,
    )
    expect(rows.filter(({ count }) => count !== 7)).toEqual([])
    expect(rows.map(({ name }) => name).sort()).toEqual([...answers.keys()].sort())
  }, 90_000)
})

const CREATE = `mutation ($input: CreateTasksInput!) { createTasks(input: $input) {
  __typename ... on CreateTasksSuccess { taskIds isReplay } } }`

async function countOpen(db: Pool): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM task WHERE status <> 'COMPLETED'`,
  )
  return rows[0]!.count
}
