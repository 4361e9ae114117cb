import pg from 'pg'
import { claimTasks } from '../../../src/engine/claim-tasks.ts'
import { configureScheduling } from '../../../src/engine/configure-scheduling.ts'
import { createTasks } from '../../../src/engine/create-tasks.ts'
import { registerWorker } from '../../../src/engine/register-worker.ts'
import { redisChannel } from '../../../src/infra/channel/redis.ts'
import { openDatabase } from '../../../src/infra/database.ts'
import { startServer } from '../../../src/process/start-server.ts'
import { STRATEGIES } from '../../../src/scheduling/strategy.ts'
import { createSchemaCheck } from '../../../src/task/schema-check.ts'
import { newUuid } from '../../../src/task/type-id.ts'
import { defineTaskType } from '../../../src/worker/define-task-type.ts'
import { cloneRows } from '../clone-rows.ts'
import type { Backlog, FieldSystem, Load, Run, Sender } from '../system.ts'

const TENANT = 'default'
const actor = { tenant: TENANT, name: 'bench' }
const BEST_SLOTS = 100

/** The tasks are made by the verb, without the graph in front, as the peers' are made by their libraries. */
export const system: FieldSystem = {
  async install(run) {
    const strategy = run.strategy === null ? null : STRATEGIES.find((one) => one === run.strategy)
    if (strategy === undefined) throw new Error(`--strategy ${run.strategy}: give one of ${STRATEGIES.join(', ')}`)
    const engine = openEngine(run)
    await register(engine, newUuid(), ['noop', 'unserved'])
    if (strategy !== null) await configureScheduling(engine, actor, { strategy })
    await engine.close()
  },

  async openSender(run): Promise<Sender> {
    const engine = openEngine(run)
    await engine.ready
    return {
      async send(loads) {
        const tasks = loads.map(({ client, sentAt }) => ({
          name: client,
          type: 'noop',
          input: { client, sentAt },
          ...(run.part === 'fairness' && { fairnessKey: client }),
        }))
        const made = await createTasks(engine, actor, { tasks })
        if (!made.ok) throw new Error(JSON.stringify(made.refusal))
      },
      async countUnfinished() {
        const { rows } = await engine.db.query(`SELECT count(*)::int AS count FROM task WHERE status <> 'COMPLETED'`)
        return rows[0].count
      },
      close: engine.close,
    }
  },

  async startWorker(run, handler) {
    const slots = run.slots ?? (run.setup === 'best' ? BEST_SLOTS : null)
    const server = await startServer({
      settings: {
        TASK_MGMT_ROLES: 'worker',
        PORT: '0',
        DATABASE_URL: run.postgresUrl,
        REDIS_URL: run.redisUrl,
        TASK_MGMT_LOG_LEVEL: 'error',
        ...(slots !== null && { TASK_MGMT_SLOTS: String(slots) }),
      },
      handlers: [
        defineTaskType({
          name: 'noop',
          handler: async ({ input }: { input: unknown }) => {
            await handler(input as Load)
            return null
          },
        }),
      ],
    })
    return { flushed: async () => undefined, stop: () => server.stop() }
  },

  async openBacklog(run): Promise<Backlog> {
    const engine = openEngine(run)
    const workerId = newUuid()
    await register(engine, workerId, ['noop'])
    let made = 0
    return {
      async fill(count, kind) {
        const type = kind === 'unserved' ? 'unserved' : 'noop'
        const input = { client: 'bench', sentAt: 0 }
        const held = kind === 'held' && { concurrencyKey: 'full' }
        const answer = await createTasks(engine, actor, { tasks: [{ name: 'bench', type, input, ...held }] })
        if (!answer.ok) throw new Error(JSON.stringify(answer.refusal))
        const from = made + 1
        made += count
        const id = `('01a20000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`
        const pattern = answer.value.taskIds[0]!
        const range = { from, count: count - 1 }
        const unhurried = new pg.Client({ connectionString: run.postgresUrl })
        await unhurried.connect()
        // Tasks of a backlog became ready one after the other, a tenth of a millisecond apart.
        const vary = { id, order_key: `p."order_key" + n / 10.0` }
        await cloneRows(unhurried, { table: 'task', where: `id = '${pattern}'`, vary }, range)
        const event = {
          id: `nextval('event_id_seq')`,
          task_id: id,
          at: 'clock_timestamp()',
          xid: 'pg_current_xact_id()',
        }
        await cloneRows(unhurried, { table: 'event', where: `task_id = '${pattern}'`, vary: event }, range)
        await unhurried.query('VACUUM (ANALYZE)')
        await unhurried.query('CHECKPOINT')
        await unhurried.end()
      },
      async claim(limit) {
        const claim = await claimTasks(engine, { tenant: TENANT, workerId, queue: 'default', types: ['noop'], limit })
        return claim.tasks.length
      },
      close: engine.close,
    }
  },
}

function openEngine({ postgresUrl, redisUrl }: Run) {
  const db = openDatabase({ url: postgresUrl, size: 10, applicationName: 'bench' })
  const channel = redisChannel({ url: redisUrl, prefix: 'task-mgmt:', onError: console.error })
  return {
    db,
    channel,
    schemas: createSchemaCheck(),
    /** Bells ring from now on. */
    ready: channel.subscribe('none', () => undefined),
    async close() {
      await channel.close()
      await db.end()
    },
  }
}

async function register(engine: ReturnType<typeof openEngine>, id: string, types: readonly string[]): Promise<void> {
  const worker = { tenant: TENANT, id, name: 'bench', host: 'bench', pid: null, version: null, types, labels: {} }
  const registrations = types.map((name) => ({
    name,
    description: null,
    inputSchema: null,
    outputSchema: null,
    defaults: {},
  }))
  const answer = await registerWorker(engine, { ...worker, slots: 10, leaseMs: 3_600_000 }, registrations)
  if (!answer.ok) throw new Error(JSON.stringify(answer.refusal))
}
