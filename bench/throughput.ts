import { parseArgs } from 'node:util'
import { createTasks } from '../src/engine/create-tasks.ts'
import { registerWorker } from '../src/engine/register-worker.ts'
import { openDatabase } from '../src/infra/database.ts'
import { createAttemptReporter } from '../src/loop/attempt-reporter.ts'
import { startExecutor } from '../src/loop/executor.ts'
import { createSchemaCheck } from '../src/task/schema-check.ts'
import { newUuid } from '../src/task/type-id.ts'

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    tasks: { type: 'string', default: '30000' },
    slots: { type: 'string', default: '100' },
    prefill: { type: 'boolean', default: false },
  },
})
const total = Number(values.tasks)
const slots = Number(values.slots)
const db = openDatabase({ url: values.url!, size: 10, applicationName: 'bench' })
const schemas = createSchemaCheck()
const tenant = 'default'
let executor: ReturnType<typeof startExecutor> | undefined
const engine = {
  db,
  schemas,
  channel: { publish: (topic: string) => void (topic === 'claimable' && executor?.wake()) },
}
const actor = { tenant, name: 'bench' }
const workerId = newUuid()
await registerWorker(
  engine,
  {
    tenant,
    id: workerId,
    name: 'bench',
    host: 'bench',
    pid: process.pid,
    version: null,
    types: ['noop'],
    labels: {},
    slots,
    leaseMs: 600_000,
  },
  [{ name: 'noop', description: null, inputSchema: null, outputSchema: null, defaults: {} }],
)
let done = 0
let finish = (): void => undefined
const allDone = new Promise<void>((resolve) => {
  finish = resolve
})
const reporter = createAttemptReporter({ engine, actor, onError: console.error, onStale: () => undefined })
const start = performance.now()
const startExec = () => {
  executor = startExecutor({
    engine,
    schemas,
    reporter,
    tenant,
    workerId,
    queue: 'default',
    slots,
    pollMs: 1000,
    onError: console.error,
    types: new Map([
      [
        'noop',
        {
          handler: () => {
            if (++done === total) finish()
            return null
          },
          inputSchema: null,
          outputSchema: null,
        },
      ],
    ]),
  })
}
if (!values.prefill) startExec()
for (let made = 0; made < total; made += 500) {
  await createTasks(engine, actor, {
    tasks: Array.from({ length: Math.min(500, total - made) }, (_, i) => ({ name: `t${made + i}`, type: 'noop' })),
  })
}
const created = performance.now()
if (values.prefill) startExec()
await allDone
await reporter.idle()
const end = performance.now()
console.log({
  tasks: total,
  slots,
  createMs: Math.round(created - start),
  totalMs: Math.round(end - start),
  perSecond: Math.round((total / (end - start)) * 1000),
  rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
})
await executor!.stop(1000)
await db.end()
