// Usage: npm run bench:field -- [--only ours,pg-boss] [--part throughput,latency,backlog,fairness,memory] [--tasks 30000] [--quick]
//        [--workers 1,2] [--setup best,default] [--strategy FAIR] [--out results.json]
// Measures ours and its peers one after the other on one PostgreSQL and one Redis, and prints a table for each part.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type BacklogResult, measureBacklog } from './backlog.ts'
import { type FairnessResult, measureFairness } from './fairness.ts'
import { type LatencyResult, measureLatency } from './latency.ts'
import { PARTS, type PartName, type Results, type Sizes } from './results.ts'
import { type SetupName, SYSTEMS, type SystemName } from './system.ts'
import { type Table, tablesOf } from './tables.ts'
import { measureThroughput, type ThroughputCase, type ThroughputResult } from './throughput.ts'
import { prepareWorld, type World } from './world.ts'

const FULL: Sizes = {
  tasks: 30_000,
  seconds: 60,
  samples: 300,
  backlogs: [1_000, 100_000, 1_000_000],
  claims: 200,
  flood: 100_000,
  fairnessSeconds: 60,
}
const QUICK: Sizes = {
  tasks: 5_000,
  seconds: 8,
  samples: 60,
  backlogs: [1_000, 20_000],
  claims: 50,
  flood: 10_000,
  fairnessSeconds: 6,
}
/** Longest time of one latency case, in seconds: a system that polls every two seconds gives fewer samples. */
const LATENCY_SECONDS = 90

/** Cases of which only the memory is asked. */
const MEMORY_ONLY = { setups: ['best'], workers: [1] } as const

interface Plan {
  readonly systems: readonly SystemName[]
  readonly parts: readonly PartName[]
  readonly setups: readonly SetupName[]
  readonly workers: readonly number[]
  readonly strategy: string | null
  readonly sizes: Sizes
  readonly out: string | undefined
}

await main(readPlan())

async function main(plan: Plan): Promise<void> {
  installPeers()
  const world = await prepareWorld()
  // A run that is cut short leaves no server behind.
  const cutShort = (): void => void world.stop().finally(() => process.exit(1))
  process.once('SIGINT', cutShort).once('SIGTERM', cutShort)
  try {
    const results = await measure(world, plan)
    for (const table of tablesOf(results)) print(table)
    if (plan.out !== undefined) console.log(`Written: ${plan.out}`)
  } finally {
    await world.stop()
  }
}

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: SYSTEMS.join() },
      part: { type: 'string', default: PARTS.join() },
      setup: { type: 'string', default: 'best,default' },
      workers: { type: 'string', default: '1,2' },
      tasks: { type: 'string' },
      strategy: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const sizes = values.quick ? QUICK : FULL
  return {
    systems: listOf('--only', values.only, SYSTEMS),
    parts: listOf('--part', values.part, PARTS),
    setups: listOf('--setup', values.setup, ['best', 'default']),
    workers: values.workers.split(',').map((text) => positive('--workers', text)),
    strategy: values.strategy ?? null,
    sizes: values.tasks === undefined ? sizes : { ...sizes, tasks: positive('--tasks', values.tasks) },
    out: values.out,
  }
}

function listOf<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name)
    if (found === undefined) throw new RangeError(`${option} names "${name}"; give some of ${known.join(',')}`)
    return found
  })
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${option} is "${text}"; give whole numbers from 1`)
  return value
}

/** On the first run, at the versions of the lock file beside this one. `npm ci` refuses it for optional packages of other platforms. */
function installPeers(): void {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  if (existsSync(new URL('node_modules', import.meta.url))) return
  console.log('Installing the peers into bench/field …')
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}

/** What is found is written after each part, so that a run that is cut short leaves what it has found. */
async function measure(
  world: World,
  { systems, parts, setups, workers, strategy, sizes, out }: Plan,
): Promise<Results> {
  const throughput: ThroughputResult[] = []
  const latency: LatencyResult[] = []
  const backlog: BacklogResult[] = []
  const fairness: FairnessResult[] = []
  const results: Results = { ...(await circumstances(world)), sizes, throughput, latency, backlog, fairness }
  const write = async (): Promise<void> => {
    if (out !== undefined) await writeFile(out, `${JSON.stringify(results, null, 2)}\n`)
  }
  const has = (part: PartName): boolean => parts.includes(part)
  if (has('throughput') || has('memory')) {
    const shapes = has('throughput') ? { setups, workers } : MEMORY_ONLY
    for (const one of throughputCases(systems, shapes))
      throughput.push(note(await measureThroughput(world, one, sizes)))
    await write()
  }
  if (has('latency')) {
    const limits = { samples: sizes.samples, seconds: Math.min(LATENCY_SECONDS, 2 * sizes.seconds) }
    for (const system of systems)
      for (const setup of setups) latency.push(note(await measureLatency(world, { system, setup }, limits)))
    await write()
  }
  if (has('backlog')) {
    const limits = { sizes: sizes.backlogs, claims: sizes.claims }
    for (const system of systems) backlog.push(...note(await measureBacklog(world, system, limits)))
    await write()
  }
  if (has('fairness')) {
    const limits = { flood: sizes.flood, seconds: sizes.fairnessSeconds }
    for (const system of systems) {
      const strategies = system !== 'ours' ? [null] : strategy === null ? [null, 'FAIR'] : [strategy]
      for (const one of strategies) fairness.push(note(await measureFairness(world, { system, strategy: one }, limits)))
    }
    await write()
  }
  return results
}

/** Each peer bare and with our history beside it; ours has no way to leave it out. */
function throughputCases(
  systems: readonly SystemName[],
  { setups, workers }: { setups: readonly SetupName[]; workers: readonly number[] },
): ThroughputCase[] {
  return systems.flatMap((system) =>
    setups.flatMap((setup) =>
      (system === 'ours' ? [true] : [false, true]).flatMap((hasHistory) =>
        workers.map((count) => ({ system, setup, hasHistory, workers: count })),
      ),
    ),
  )
}

function note<Found>(found: Found): Found {
  console.log(JSON.stringify(found, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value)))
  return found
}

async function circumstances(world: World) {
  const [cpu] = cpus()
  return {
    at: new Date().toISOString(),
    command: ['npm run bench:field', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    postgres: world.postgresVersion,
    redis: world.redis.version,
    versions: {
      ours: await versionIn('../../package.json'),
      'graphile-worker': await versionIn('node_modules/graphile-worker/package.json'),
      'pg-boss': await versionIn('node_modules/pg-boss/package.json'),
      bullmq: await versionIn('node_modules/bullmq/package.json'),
      dbos: await versionIn('node_modules/@dbos-inc/dbos-sdk/package.json'),
    },
  }
}

async function versionIn(path: string): Promise<string> {
  return JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')).version
}

function print({ title, head, rows }: Table): void {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  console.log(`\n${title}`)
  for (const line of lines) console.log(line.map((text, column) => text.padEnd(widths[column]!)).join('  '))
}
