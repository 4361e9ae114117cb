import { Pool } from 'pg'
import type { WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import { cpuMsOf } from '../field/cpu.ts'
import { serving, watchRss } from './serving.ts'
import { untilEnded } from './until-ended.ts'

export interface WideRun {
  /** What it is, for the table. */
  readonly name: string
  readonly tasks: number
  readonly maxParallelSteps: number
  /** From the run's start to its end, by the database's clock. */
  readonly seconds: number
  /** Statements of ours, without BEGIN and COMMIT. */
  readonly statements: number
  readonly commits: number
  /** CPU of the server, its worker included, for one task, in microseconds. */
  readonly serverUs: number
  readonly serverMb: number
}

/** One run that has many tasks at once. The database's server counts statements (`pg_stat_statements`). */
export async function measureWideRun(
  url: string,
  {
    name,
    definition,
    input = {},
    tasks,
  }: { name: string; definition: WorkflowDefinition; input?: object; tasks: number },
): Promise<WideRun> {
  const db = new Pool({ connectionString: url, max: 1 })
  await db.query('CREATE EXTENSION pg_stat_statements')
  await db.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET pg_stat_statements.track = 'top'`)
  const measured = await serving(url, { slots: 100 }, async (server) => {
    await server.define(definition)
    // A first run makes plans and compiles code.
    await server.start(definition.name, input)
    await untilEnded(db)
    await db.query('ANALYZE')
    const before = await countsOf(db)
    const stop = watchRss(server.pid)
    const cpuMs = await cpuMsOf([server.pid])
    await server.start(definition.name, input)
    await untilEnded(db)
    const after = await countsOf(db)
    return {
      statements: after.statements - before.statements,
      commits: after.commits - before.commits,
      serverUs: (1_000 * ((await cpuMsOf([server.pid])) - cpuMs)) / tasks,
      serverMb: await stop(),
    }
  })
  const { rows } = await db.query<{ seconds: number }>(
    `SELECT extract(epoch FROM finished_at - started_at)::float8 AS seconds FROM workflow_run ORDER BY id DESC LIMIT 1`,
  )
  await db.end()
  const { maxParallelSteps = 10 } = definition.limits ?? {}
  return { name, tasks, maxParallelSteps, seconds: rows[0]!.seconds, ...measured }
}

async function countsOf(db: Pool): Promise<{ statements: number; commits: number }> {
  const { rows } = await db.query<{ statements: number; commits: number }>(
    `SELECT (SELECT sum(calls)::float8 FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid
        WHERE d.datname = current_database()) AS statements,
      (SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()) AS commits`,
  )
  return rows[0]!
}

/** A MAP of so many elements. */
export function mapOf(maxParallelSteps: number): WorkflowDefinition {
  return {
    name: 'map',
    limits: { maxParallelSteps },
    steps: [
      {
        id: 'each',
        type: 'MAP',
        items: 'input.items',
        steps: [{ id: 'task', type: 'TASK', task: 'noop', input: { n: '${{ item }}' } }],
      },
    ],
  }
}

/** So many steps beside each other. */
export function fanOf(width: number, maxParallelSteps: number): WorkflowDefinition {
  const steps = Array.from({ length: width }, (_, place) => ({ id: `s${place}`, type: 'TASK' as const, task: 'noop' }))
  return { name: 'fan', limits: { maxParallelSteps }, steps }
}
