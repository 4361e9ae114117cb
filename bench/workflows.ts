// Usage: npm run bench:workflows [-- --only chain,many,wide,trigger,waiting] [--samples 500] [--runs 1000] [--steps 10] [--items 10000] [--width 1000]
//   [--tasks 30000] [--rounds 3] [--waiting 100000] [--note TEXT] [--document docs/workflow-benchmarks.md]
// Measures on a PostgreSQL of its own with the settings of production, servers in processes of their own.
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { type Ground, prepareGround } from './ground.ts'
import { measureChain } from './workflows/chain-latency.ts'
import { workflowsDocument } from './workflows/document.ts'
import { measureManyRuns } from './workflows/many-runs.ts'
import type { Results } from './workflows/results.ts'
import { measureTriggerCost } from './workflows/trigger-cost.ts'
import { measureWaitingRuns } from './workflows/waiting-runs.ts'
import { fanOf, mapOf, measureWideRun } from './workflows/wide-run.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'chain,many,wide,trigger,waiting' },
    samples: { type: 'string', default: '500' },
    runs: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '10' },
    items: { type: 'string', default: '10000' },
    width: { type: 'string', default: '1000' },
    tasks: { type: 'string', default: '30000' },
    rounds: { type: 'string', default: '3' },
    waiting: { type: 'string', default: '100000' },
    note: { type: 'string' },
    document: { type: 'string' },
  },
})
const parts = values.only.split(',')
const counts = {
  samples: Number(values.samples),
  runs: Number(values.runs),
  steps: Number(values.steps),
  items: Number(values.items),
  width: Number(values.width),
  tasks: Number(values.tasks),
  rounds: Number(values.rounds),
  waiting: Number(values.waiting),
}

// Statements are counted where a database asks for it.
const ground = await prepareGround({
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'none',
  'pg_stat_statements.track_utility': 'off',
})
try {
  const results = await measure(ground)
  if (values.document !== undefined) await writeFile(values.document, workflowsDocument(results))
} finally {
  await ground.stop()
}

async function measure(ground: Ground): Promise<Results> {
  const [cpu] = cpus()
  const results: Results = {
    at: new Date().toISOString(),
    command: ['npm run bench:workflows', ...given()].join(' '),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    postgres: await versionOf(await ground.emptyDatabase()),
    ...(values.note !== undefined && { note: values.note }),
  }
  console.log(`${results.machine}, Node ${results.node}, embedded PostgreSQL ${results.postgres}`)
  const chain = await part('chain', async () => measureChain(await ground.freshDatabase(), counts))
  const many = await part('many', async () => {
    const place = { url: await ground.freshDatabase(), postmasterPid: ground.postmasterPid }
    return measureManyRuns(place, { ...counts, slots: 100 })
  })
  const wide = await part('wide', () => measureWide(ground))
  const trigger = await part('trigger', () => measureTriggerCost(ground, counts))
  const waiting = await part('waiting', () => measureWaiting(ground))
  return {
    ...results,
    ...(chain && { chain }),
    ...(many && { many }),
    ...(wide && { wide }),
    ...(trigger && { trigger }),
    ...(waiting && { waiting }),
  }
}

/** What was said on the command line, but for what only concerns the page. */
function given(): string[] {
  const said = Object.entries(values).filter(([name]) => name !== 'document' && name !== 'note')
  const argv = new Set(process.argv.slice(2).map((one) => one.split('=')[0]))
  const flags = said.filter(([name]) => argv.has(`--${name}`)).flatMap(([name, value]) => [`--${name}`, String(value)])
  return flags.length === 0 ? [] : ['--', ...flags]
}

/** One part, with what it found and the load of the machine, unless it was left out. */
async function part<T extends object>(name: string, act: () => Promise<T>): Promise<T | undefined> {
  if (!parts.includes(name)) return undefined
  const found = await act()
  console.log(`\n${name} (load ${loadavg()[0]!.toFixed(1)})`)
  console.table(Array.isArray(found) ? found : [found])
  return found
}

async function measureWide(ground: Ground) {
  const { items } = counts
  const list = { items: Array.from({ length: items }, (_, n) => n) }
  const wide = []
  for (const limit of [10, 100]) {
    const name = `MAP of ${items.toLocaleString('en')} elements`
    wide.push(
      await measureWideRun(await ground.freshDatabase(), {
        name,
        definition: mapOf(limit),
        input: list,
        tasks: items,
      }),
    )
  }
  const { width } = counts
  wide.push(
    await measureWideRun(await ground.freshDatabase(), {
      name: `${width.toLocaleString('en')} steps beside each other`,
      definition: fanOf(width, 10),
      tasks: width,
    }),
  )
  return wide
}

async function measureWaiting(ground: Ground) {
  const found = []
  for (const waiting of [0, counts.waiting]) {
    const place = { url: await ground.freshDatabase(), postmasterPid: ground.postmasterPid }
    found.push(await measureWaitingRuns(place, { waiting }))
  }
  return found
}

async function versionOf(url: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
  await client.end()
  return rows[0]!.server_version
}
