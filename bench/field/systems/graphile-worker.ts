import { Logger, makeWorkerUtils, runMigrations, run as runWorker } from 'graphile-worker'
import pg from 'pg'
import { cloneRows } from '../clone-rows.ts'
import { createHistoryTable, NO_HISTORY, openHistory } from '../history.ts'
import type { FieldSystem, Load, Run } from '../system.ts'

/** worker.graphile.org/docs/performance: the configuration of its own quick stats. */
const BEST = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
}
const silent = new Logger(() => () => undefined)

export const system: FieldSystem = {
  async install(run) {
    await runMigrations({ connectionString: run.postgresUrl, logger: silent })
    if (run.hasHistory) await createHistoryTable(run.postgresUrl)
  },

  async openSender(run) {
    const utils = await makeWorkerUtils({ connectionString: run.postgresUrl, logger: silent })
    const history = run.hasHistory ? openHistory(run.postgresUrl) : NO_HISTORY
    return {
      async send(loads) {
        const jobs = await utils.addJobs(loads.map((payload) => ({ identifier: 'noop', payload })))
        await history.created(jobs.map(({ id }) => id))
      },
      async countUnfinished() {
        return utils.withPgClient(async (client) => {
          const { rows } = await client.query('SELECT count(*)::int AS count FROM graphile_worker._private_jobs')
          return rows[0].count
        })
      },
      async close() {
        await history.close()
        await utils.release()
      },
    }
  },

  async startWorker(run, handler) {
    const history = run.hasHistory ? openHistory(run.postgresUrl) : NO_HISTORY
    const runner = await runWorker({
      preset: { worker: { connectionString: run.postgresUrl, logger: silent, ...workerOptions(run) } },
      noHandleSignals: true,
      crontab: '',
      taskList: {
        async noop(payload, { job }) {
          history.started(job.id)
          await handler(payload as Load)
          history.completed(job.id)
        },
      },
    })
    return {
      flushed: history.flushed,
      async stop() {
        await runner.stop()
        await history.close()
      },
    }
  },

  async openBacklog(run) {
    const client = new pg.Client({ connectionString: run.postgresUrl })
    await client.connect()
    const utils = await makeWorkerUtils({ connectionString: run.postgresUrl, logger: silent })
    // The statement of its local queue is not exported; this is the file that runs it.
    const { batchGetJobs } = await import(
      new URL('../node_modules/graphile-worker/dist/sql/getJobs.js', import.meta.url).href
    )
    const { processSharedOptions } = await import(
      new URL('../node_modules/graphile-worker/dist/lib.js', import.meta.url).href
    )
    const options = processSharedOptions({ connectionString: run.postgresUrl, logger: silent })
    const withPgClient = { withRetries: (use: (client: pg.Client) => Promise<unknown>) => use(client) }
    const taskList = { noop: () => undefined }
    const withRetries = Object.assign((use: (client: pg.Client) => Promise<unknown>) => use(client), withPgClient)
    return {
      async fill(count, kind) {
        const identifier = kind === 'served' ? 'noop' : 'unserved'
        const job = await utils.addJob(identifier, { client: 'bench', sentAt: 0 })
        const vary = { run_at: `p.run_at + n * interval '100 microseconds' - interval '1 hour'` }
        const pattern = { table: 'graphile_worker._private_jobs', where: `id = ${job.id}`, vary }
        await cloneRows(client, pattern, { from: 1, count: count - 1 })
        await client.query('VACUUM (ANALYZE)')
        await client.query('CHECKPOINT')
      },
      async claim(limit) {
        const jobs: unknown[] = await batchGetJobs(options, withRetries, taskList, 'bench', null, limit)
        return jobs.length
      },
      async close() {
        await utils.release()
        await client.end()
      },
    }
  },
}

function workerOptions({ setup, slots }: Run): GraphileConfig.WorkerOptions {
  const own = setup === 'best' ? BEST : {}
  if (slots === null) return own
  // Handlers that take time leave no room for a local queue that holds more than they can do.
  const isHeld = setup === 'best' && { localQueue: { size: slots + 1 } }
  return { ...own, ...isHeld, concurrentJobs: slots, maxPoolSize: slots + 1 }
}
