// Usage: npm run bench [-- --tasks 30000 --samples 500]
// Measures on a PostgreSQL of its own with the settings of production, and beside it the limit that plain SQL sets.
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { prepareGround } from './ground.ts'
import { inOwnProcess } from './in-own-process.ts'
import { measureLatency } from './latency.ts'
import { measureSqlLimit } from './sql-limit.ts'

const { values } = parseArgs({
  options: { tasks: { type: 'string', default: '30000' }, samples: { type: 'string', default: '500' } },
})
const tasks = Number(values.tasks)

await main()

async function main(): Promise<void> {
  const [cpu] = cpus()
  console.log(
    `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, embedded PostgreSQL`,
  )
  console.log(`${tasks} no-op tasks from createTasks to COMPLETED, each with its row, attempt and three events\n`)
  const ground = await prepareGround()
  try {
    // Around the engine's runs, so that a machine that slows down or speeds up shows.
    const before = await measureSqlLimit(await ground.freshDatabase(), { tasks })
    const many = await inOwnProcess({ url: await ground.freshDatabase(), tasks, slots: 100 })
    const few = await inOwnProcess({ url: await ground.freshDatabase(), tasks, slots: 10 })
    const after = await measureSqlLimit(await ground.freshDatabase(), { tasks })
    const limit = (before + after) / 2
    const latency = await measureLatency(await ground.freshDatabase(), { tasks: Number(values.samples) })
    const share = (perSecond: number) => `${Math.round((100 * perSecond) / limit)} % of the limit`
    console.table({
      'plain SQL (limit)': {
        'tasks/s': Math.round(limit),
        note: `${Math.round(before)} before, ${Math.round(after)} after`,
      },
      'engine, 100 slots': {
        'tasks/s': Math.round(many.perSecond),
        note: `${share(many.perSecond)}, ${Math.round(many.rssMb)} MiB`,
      },
      'engine, 10 slots': {
        'tasks/s': Math.round(few.perSecond),
        note: `${share(few.perSecond)}, ${Math.round(few.rssMb)} MiB`,
      },
    })
    console.log(
      `One task on an idle server, mutation to subscriber: p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms;`,
      `server ${Math.round(latency.serverRssMb)} MiB`,
    )
  } finally {
    await ground.stop()
  }
}
