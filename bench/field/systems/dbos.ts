import { DBOS, DBOSClient, type WorkflowQueue } from '@dbos-inc/dbos-sdk'
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import pg from 'pg'
import { cloneRows } from '../clone-rows.ts'
import { createHistoryTable, NO_HISTORY, openHistory } from '../history.ts'
import type { FieldSystem, Load, Run } from '../system.ts'

const BEST_CONCURRENCY = 500
const BEST_POLL_MS = 10
const POOL = 20
const VERSION = 'bench'

const silent = { info: () => undefined, debug: () => undefined, warn: () => undefined, error: console.error }

export const system: FieldSystem = {
  async install(run) {
    const pool = configure(run)
    DBOS.registerWorkflow(async () => undefined, { name: 'noop' })
    await DBOS.launch()
    await DBOS.registerQueue('noop', queueOptions(run))
    await DBOS.registerQueue('unserved')
    await DBOS.shutdown({ deregister: true })
    await pool.end()
    if (run.hasHistory) await createHistoryTable(run.postgresUrl)
  },

  async openSender(run) {
    const pool = openPool(run)
    const client = await openClient(run, pool)
    const history = run.hasHistory ? openHistory(run.postgresUrl) : NO_HISTORY
    return {
      async send(loads) {
        // A transaction of the caller's own is its way to add many with one commit.
        const connection = await pool.connect()
        await connection.query('BEGIN')
        const handles = []
        for (const load of loads) handles.push(await client.enqueueInTransaction(connection, target('noop'), load))
        await connection.query('COMMIT')
        connection.release()
        await history.created(handles.map(({ workflowID }) => workflowID))
      },
      async countUnfinished() {
        const { rows } = await pool.query(
          `SELECT count(*)::int AS count FROM dbos.workflow_status WHERE status <> 'SUCCESS'`,
        )
        return rows[0].count
      },
      async close() {
        await history.close()
        await client.destroy()
        await pool.end()
      },
    }
  },

  async startWorker(run, handler) {
    const history = run.hasHistory ? openHistory(run.postgresUrl) : NO_HISTORY
    const pool = configure(run)
    const work = async (load: Load): Promise<null> => {
      const id = DBOS.workflowID!
      history.started(id)
      await handler(load)
      history.completed(id)
      return null
    }
    DBOS.registerWorkflow(work, { name: 'noop' })
    await DBOS.launch()
    return {
      flushed: history.flushed,
      async stop() {
        await DBOS.shutdown()
        await pool.end()
        await history.close()
      },
    }
  },

  async openBacklog(run) {
    const own = openPool(run)
    const client = await openClient(run, own)
    // Serves a queue that does not exist, so that only the claims below take anything.
    const pool = configure(run, ['nothing'])
    DBOS.registerWorkflow(async () => undefined, { name: 'noop' })
    await DBOS.launch()
    // Its dispatcher's statement is reached through its own entry for internals.
    const { systemDatabase, executorID } = DBOSExecutor.globalInstance!
    let made = 0
    return {
      async fill(count, kind) {
        const load: Load = { client: 'bench', sentAt: 0 }
        const { workflowID } = await client.enqueue(target(kind === 'served' ? 'noop' : 'unserved'), load)
        const range = { from: made + 1, count: count - 1 }
        made += count
        const where = `workflow_uuid = '${workflowID}'`
        const id = `'bench-' || n`
        const vary = { workflow_uuid: id, created_at: 'p.created_at + n / 10' }
        await cloneRows(own, { table: 'dbos.workflow_status', where, vary }, range)
        await cloneRows(own, { table: 'dbos.workflow_input', where, vary: { workflow_uuid: id } }, range)
        await own.query('VACUUM (ANALYZE)')
        await own.query('CHECKPOINT')
      },
      async claim(limit) {
        const record = { name: 'noop', workerConcurrency: limit } as WorkflowQueue
        const ids = await systemDatabase.findAndMarkStartableWorkflows(record, executorID, VERSION)
        return ids.length
      },
      async close() {
        await DBOS.shutdown()
        await client.destroy()
        await pool.end()
        await own.end()
      },
    }
  },
}

function target(queueName: string) {
  return { queueName, workflowName: 'noop', appVersion: VERSION }
}

function openPool({ postgresUrl }: Run): pg.Pool {
  return new pg.Pool({ connectionString: postgresUrl, max: POOL })
}

function openClient(run: Run, pool: pg.Pool): Promise<DBOSClient> {
  return DBOSClient.create({
    systemDatabaseUrl: run.postgresUrl,
    systemDatabasePool: pool,
    applicationName: 'bench',
    logger: silent,
  })
}

/** The embedded server listens on a socket, whose address only a pool of one's own can carry. */
function configure(run: Run, listenQueues?: string[]): pg.Pool {
  const pool = openPool(run)
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: run.postgresUrl,
    systemDatabasePool: pool,
    applicationVersion: VERSION,
    executorID: `bench-${process.pid}`,
    logger: silent,
    ...(listenQueues && { listenQueues }),
  })
  return pool
}

function queueOptions({ setup, slots }: Run) {
  if (setup === 'default') return slots === null ? {} : { workerConcurrency: slots }
  return { workerConcurrency: slots ?? BEST_CONCURRENCY, minPollingIntervalMs: BEST_POLL_MS }
}
