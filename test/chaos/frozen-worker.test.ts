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

const TASKS = 40

describe('a worker process that is frozen past its lease', () => {
  let database: TestDatabase
  let folder: string
  let record: string
  let frozen: SteadyServer
  let other: SteadyServer | undefined
  beforeEach(async () => {
    database = await freshDatabase()
    folder = await mkdtemp(join(tmpdir(), 'task-mgmt-record-'))
    record = join(folder, 'executions')
    frozen = await start()
  })
  afterEach(async () => {
    frozen.process.kill('SIGCONT')
    await Promise.all([frozen.end('SIGTERM'), other?.end('SIGTERM')])
    other = undefined
    await database.drop()
    await rm(folder, { recursive: true })
  })

  const start = () =>
    startSteadyServer({
      env: {
        DATABASE_URL: database.url,
        TASK_MGMT_LEASE: '5',
        TASK_MGMT_SLOTS: '50',
        TASK_MGMT_STOP_SECONDS: '1',
        TASK_MGMT_DATABASE_POOL: '8',
      },
      argv: ['--handlers', chaosTypes],
    })
  const countBegun = (server: SteadyServer) =>
    readExecutions(record).filter(({ what, pid }) => what === 'began' && pid === server.process.pid).length
  /** States of the workers that the frozen process has been. */
  const statesOfFrozen = async () => {
    const { rows } = await database.pool.query<{ state: string }>(
      'SELECT state::text FROM worker WHERE pid = $1 ORDER BY started_at',
      [frozen.process.pid],
    )
    return rows.map(({ state }) => state)
  }

  it('loses its tasks to another, is refused when it ends them late, and works on under a new name', async () => {
    const inputs = Array.from({ length: TASKS }, (_, n) => ({
      record,
      // Some of the second executions are over when the first ones end, some are under way.
      ms: [3_000, n % 2 === 0 ? 20 : 4_000],
      isDeaf: n % 3 === 0,
    }))
    await createRecorded(frozen.url, inputs)
    await until(() => countBegun(frozen) === TASKS)
    frozen.process.kill('SIGSTOP')
    const endedBefore = readExecutions(record).filter(({ what }) => what === 'ended').length
    other = await start()
    await until(() => countBegun(other!) >= TASKS - endedBefore, 30_000)
    frozen.process.kill('SIGCONT')
    await until(async () => (await statesOfFrozen()).at(-1) === 'ACTIVE', 20_000)
    expect(await statesOfFrozen()).toEqual(['LOST', 'ACTIVE'])
    await until(async () => (await countByStatus(database.pool)).COMPLETED === TASKS, 20_000)

    const late = readExecutions(record).filter(({ what, pid }) => what === 'ended' && pid === frozen.process.pid).length
    expect(await other.end('SIGTERM')).toEqual({ code: 0, signal: null })
    other = undefined
    await createRecorded(frozen.url, [{ record, ms: [1] }])
    await until(async () => (await countByStatus(database.pool)).COMPLETED === TASKS + 1)

    const report = checkExecutions(readExecutions(record), await readRecords(database.pool, 'recorded'))
    console.log(
      `${report.lost} attempts lost and run again elsewhere; ${late - endedBefore} handlers of the frozen process ended late, none of them accepted`,
    )
    expect(report.faults).toEqual([])
    expect(report.lost).toBe(TASKS - endedBefore)
    expect(late).toBeGreaterThan(endedBefore)
  }, 60_000)

  it('in the middle of a transaction gives up its locks with its lease', async () => {
    const [task] = await createRecorded(frozen.url, [{ record, ms: [1_000, 20] }])
    await until(() => countBegun(frozen) === 1)
    const rival = await database.pool.connect()
    try {
      await rival.query('BEGIN')
      await rival.query('SELECT FROM task WHERE id = $1 FOR UPDATE', [task])
      await until(() => isSomebodyWaiting(database))
      frozen.process.kill('SIGSTOP')
      await rival.query('ROLLBACK')
    } finally {
      rival.release()
    }
    await until(() => isLocked(database, task!))
    other = await start()
    await until(async () => (await countByStatus(database.pool)).COMPLETED === 1, 30_000)
    frozen.process.kill('SIGCONT')
    await until(async () => (await statesOfFrozen()).at(-1) === 'ACTIVE', 20_000)
    const report = checkExecutions(readExecutions(record), await readRecords(database.pool, 'recorded'))
    expect(report).toMatchObject({ faults: [], lost: 1, ranAgain: 1 })
  }, 60_000)
})

/** True while a transaction waits for a lock that another holds. */
async function isSomebodyWaiting({ pool }: TestDatabase): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rowCount !== 0
}

async function isLocked({ pool }: TestDatabase, taskId: string): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT FROM task WHERE id = $1 FOR UPDATE SKIP LOCKED', [taskId])
  return rowCount === 0
}
