import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { cloneRows } from '../clone-rows.ts'
import { createHistoryTable, NO_HISTORY, openHistory } from '../history.ts'
import type { FieldSystem, Load, Run } from '../system.ts'

/** Jobs of one fetch in the best set-up: more are not faster. */
const BEST_BATCH = 500

export const system: FieldSystem = {
  async install(run) {
    const boss = openBoss(run, true)
    await boss.start()
    // `notify` costs a trigger's NOTIFY for each insert and spares a wait of half a second.
    await boss.createQueue('noop', run.setup === 'best' ? { notify: true } : {})
    await boss.createQueue('unserved')
    await boss.stop()
    if (run.hasHistory) await createHistoryTable(run.postgresUrl)
  },

  async openSender(run) {
    const boss = openBoss(run, false)
    await boss.start()
    const pool = new pg.Pool({ connectionString: run.postgresUrl, max: 1 })
    const history = run.hasHistory ? openHistory(run.postgresUrl) : NO_HISTORY
    return {
      async send(loads) {
        const jobs = loads.map((data) => ({ id: randomUUID(), data }))
        await boss.insert('noop', jobs)
        await history.created(jobs.map(({ id }) => id))
      },
      async countUnfinished() {
        const { rows } = await pool.query(
          `SELECT count(*)::int AS count FROM pgboss.job WHERE name = 'noop' AND state <> 'completed'`,
        )
        return rows[0].count
      },
      async close() {
        await history.close()
        await pool.end()
        await boss.stop()
      },
    }
  },

  async startWorker(run, handler) {
    const boss = openBoss(run, true)
    await boss.start()
    const history = run.hasHistory ? openHistory(run.postgresUrl) : NO_HISTORY
    await boss.work<Load>('noop', workOptions(run), async (jobs) => {
      await Promise.all(
        jobs.map(async ({ id, data }) => {
          history.started(id)
          await handler(data)
          history.completed(id)
        }),
      )
    })
    return {
      flushed: history.flushed,
      async stop() {
        await boss.stop({ graceful: false })
        await history.close()
      },
    }
  },

  async openBacklog(run) {
    const boss = openBoss(run, false)
    await boss.start()
    const client = new pg.Client({ connectionString: run.postgresUrl })
    await client.connect()
    return {
      async fill(count, kind) {
        const queue = kind === 'served' ? 'noop' : 'unserved'
        const id = randomUUID()
        await boss.insert(queue, [{ id, data: { client: 'bench', sentAt: 0 } }])
        const vary = { id: 'gen_random_uuid()', created_on: `p.created_on + n * interval '100 microseconds'` }
        await cloneRows(client, { table: 'pgboss.job', where: `id = '${id}'`, vary }, { from: 1, count: count - 1 })
        await client.query('VACUUM (ANALYZE)')
        await client.query('CHECKPOINT')
      },
      async claim(limit) {
        const jobs = await boss.fetch('noop', { batchSize: limit })
        return jobs.length
      },
      async close() {
        await client.end()
        await boss.stop()
      },
    }
  },
}

function openBoss({ postgresUrl, setup }: Run, isWorker: boolean): PgBoss {
  const boss = new PgBoss({
    connectionString: postgresUrl,
    max: 10,
    supervise: isWorker,
    schedule: isWorker,
    useListenNotify: isWorker && setup === 'best',
  })
  boss.on('error', console.error)
  return boss
}

function workOptions({ setup, slots }: Run) {
  if (setup === 'default') return slots === null ? {} : { localConcurrency: slots }
  return { batchSize: slots ?? BEST_BATCH, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }
}
