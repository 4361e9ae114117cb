import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createTasks } from '../src/engine/create-tasks.ts'
import { postgresChannel } from '../src/infra/channel/postgres.ts'
import { openDatabase } from '../src/infra/database.ts'
import { type ConnectionFile, readConnectionFile } from '../src/infra/embedded-postgres/connection-file.ts'
import { createSchemaCheck } from '../src/task/schema-check.ts'
import { fitLine } from './soak/fit.ts'
import { plot } from './soak/plot.ts'
import {
  COLUMNS,
  type Column,
  openProbe,
  type ProbedEngine,
  readIndexSizes,
  readMemory,
  readSizes,
  type Sample,
} from './soak/sample.ts'

// npm run soak [-- --minutes 30] [--warm-up 10] [--rate half | NUMBER] [--keep 2m] [--out FOLDER] [--picture FILE]: a server of its own runs
// no-op tasks at a steady rate under retention, while memory, sizes and claim times are sampled. The warm-up comes before the minutes: files and
// heaps keep the largest room that they ever had, and find it in the first minutes. Ends with 1 when one of them still grows by 1 % or more over
// the last two thirds of the minutes, and by more than its noise.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '10' },
    rate: { type: 'string', default: 'half' },
    keep: { type: 'string', default: '2m' },
    slots: { type: 'string', default: '100' },
    out: { type: 'string', default: '.data/soak' },
    picture: { type: 'string' },
  },
})
const SAMPLE_MS = 10_000
const CALL = 500
/** Share of the mean by which nothing may rise. */
const LIMIT = 0.01
const CALIBRATION = 40_000
/** What must not grow. */
const JUDGED = ['serverMb', 'postgresMb', 'taskMb', 'eventMb', 'indexMb', 'claimMs'] as const
const PLOTTED: readonly Column[] = [...JUDGED, 'longestClaimMs', 'perSecond', 'tasks']
const actor = { tenant: 'default', name: 'soak' }

const minutes = Number(values.minutes)
const warmUp = Number(values['warm-up'])
if (!(minutes > 0 && warmUp >= 0) || !(values.rate === 'half' || Number(values.rate) > 0)) {
  console.error('Give --minutes above 0, --warm-up of at least 0 and --rate half or a number of tasks a second.')
  process.exit(2)
}
const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-soak-'))
const server = startServer()
try {
  process.exitCode = await soak()
} finally {
  if (server.exitCode === null) {
    server.kill('SIGTERM')
    await once(server, 'close')
  }
  await rm(folder, { recursive: true, force: true })
}

function startServer(): ChildProcess {
  const entry = fileURLToPath(new URL('../bin/task-mgmt.js', import.meta.url))
  const handlers = fileURLToPath(new URL('noop-handlers.ts', import.meta.url))
  const keep = ['tasks', 'events', 'logs'].flatMap((what) => [`--keep-${what}`, values.keep])
  const argv = [entry, 'serve', '--port', '0', '--handlers', handlers, '--slots', values.slots, ...keep]
  return spawn(process.execPath, argv, {
    env: { PATH: process.env.PATH, TASK_MGMT_DATA_DIR: folder },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function soak(): Promise<number> {
  const connection = await findServer()
  const db = openDatabase({ url: connection.databaseUrl, size: 8, applicationName: 'soak' })
  const channel = postgresChannel({ url: connection.databaseUrl, onError: console.error })
  const engine: ProbedEngine = { db, channel, schemas: createSchemaCheck() }
  try {
    const rate = values.rate === 'half' ? (await measureFullSpeed(engine)) / 2 : Number(values.rate)
    console.log(`${Math.round(rate)} tasks a second for ${warmUp} and ${minutes} minutes, kept for ${values.keep}`)
    const samples = await load(engine, connection, rate)
    await writePicture(samples)
    showIndexes(samples)
    return judge(samples)
  } finally {
    await channel.close()
    await db.end()
  }
}

async function findServer(): Promise<ConnectionFile> {
  for (;;) {
    const connection = await readConnectionFile(folder)
    if (connection?.url !== undefined) return connection
    if (server.exitCode !== null) throw new Error('The server has ended')
    await delay(100)
  }
}

async function create(engine: ProbedEngine, count: number): Promise<void> {
  for (let made = 0; made < count; made += CALL) {
    const tasks = Array.from({ length: Math.min(CALL, count - made) }, () => ({ name: 'soak', type: 'noop' }))
    const created = await createTasks(engine, actor, { tasks })
    if (!created.ok) throw new Error(JSON.stringify(created.refusal))
  }
}

/** Tasks a second when they are made and run as fast as they can be. */
async function measureFullSpeed(engine: ProbedEngine): Promise<number> {
  await create(engine, 2_000)
  await untilIdle(engine)
  const startedAt = performance.now()
  await create(engine, CALIBRATION)
  await untilIdle(engine)
  const perSecond = CALIBRATION / ((performance.now() - startedAt) / 1_000)
  console.log(`full speed: ${Math.round(perSecond)} tasks a second`)
  return perSecond
}

async function untilIdle({ db }: ProbedEngine): Promise<void> {
  const open = `SELECT FROM task WHERE tenant = 'default' AND status IN ('READY', 'RUNNING') AND status <> 'COMPLETED' LIMIT 1`
  while ((await db.query(open)).rowCount !== 0) await delay(20)
}

/** Makes tasks at the rate and samples until the time is over. */
async function load(engine: ProbedEngine, connection: ConnectionFile, rate: number): Promise<Sample[]> {
  const probe = await openProbe(engine, actor)
  const samples: Sample[] = []
  const file = join(resolve(values.out), 'samples.csv')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `at,${Object.keys(COLUMNS).join(',')}\n`)
  const startedAt = performance.now()
  const endsAt = startedAt + (warmUp + minutes) * 60_000
  let made = 0
  const making = (async () => {
    while (performance.now() < endsAt) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate) - made
      if (due >= Math.min(CALL, rate / 10)) {
        await create(engine, due)
        made += due
      } else await delay(10)
    }
  })()
  let before = { made: 0, at: startedAt }
  const sampling = (async () => {
    for (let next = startedAt + SAMPLE_MS; next <= endsAt; next += SAMPLE_MS) {
      const claims = await probe.measure(next)
      const now = { made, at: performance.now() }
      const sample: Sample = {
        at: (now.at - startedAt) / 1_000,
        ...(await readMemory(connection.pid, connection.postmasterPid)),
        ...(await readSizes(engine.db)),
        ...claims,
        perSecond: (now.made - before.made) / ((now.at - before.at) / 1_000),
        indexes: await readIndexSizes(engine.db),
      }
      before = now
      samples.push(sample)
      await appendFile(file, `${[sample.at, ...columnsOf(sample)].map((value) => value.toFixed(2)).join(',')}\n`)
      console.log(describe(sample))
    }
  })()
  await Promise.all([making, sampling])
  return samples
}

function columnsOf(sample: Sample): number[] {
  return (Object.keys(COLUMNS) as Column[]).map((column) => sample[column])
}

function describe(sample: Sample): string {
  const cells = (Object.keys(COLUMNS) as Column[]).map((column) => `${column} ${sample[column].toFixed(1)}`)
  return `${sample.at.toFixed(0).padStart(5)} s  ${cells.join('  ')}`
}

async function writePicture(samples: readonly Sample[]): Promise<void> {
  const file = resolve(values.picture ?? join(values.out, 'soak.svg'))
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, plot(samples, PLOTTED))
  console.log(`picture: ${file}`)
}

/** Which index it is that grows. */
function showIndexes(samples: readonly Sample[]): void {
  const last = lastOf(samples)
  const names = [...last.at(-1)!.indexes.keys()]
  const rows = names.map((name) => {
    const { mean, rise } = fitLine(last.map(({ at, indexes }) => [at, indexes.get(name) ?? 0]))
    return { index: name, 'mean, MiB': round(mean, 1), 'rise, MiB': round(mean * rise, 1) }
  })
  console.table(rows.sort((a, b) => b['rise, MiB'] - a['rise, MiB']))
}

/** What is judged: the last two thirds of the minutes after the warm-up. */
function lastOf(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ at }) => at >= (warmUp + minutes / 3) * 60)
}

function judge(samples: readonly Sample[]): number {
  const last = lastOf(samples)
  const table = JUDGED.map((column) => {
    const { mean, rise, error } = fitLine(last.map((sample) => [sample.at, sample[column]]))
    return {
      what: COLUMNS[column],
      mean: round(mean, 2),
      'rise %': round(rise * 100, 2),
      '± %': round(error * 100, 2),
      verdict: verdictOf(rise, error),
    }
  })
  console.table(table)
  const grows = table.some(({ verdict }) => verdict === 'grows')
  const isUnclear = table.some(({ verdict }) => verdict === 'unclear')
  console.log(
    grows ? 'Something grows.' : isUnclear ? 'Nothing is seen to grow, but noise hides some of it.' : 'Nothing grows.',
  )
  return grows ? 1 : 0
}

/** A rise of 1 % or more within two standard errors shows neither that it grows nor that it does not. */
function verdictOf(rise: number, error: number): 'flat' | 'unclear' | 'grows' {
  if (rise < LIMIT) return 'flat'
  return rise < 2 * error ? 'unclear' : 'grows'
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
