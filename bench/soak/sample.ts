import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import type { Actor, Engine } from '../../src/engine/engine.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import type { SchemaCheck } from '../../src/task/schema-check.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { rssMbOf } from '../rss.ts'

/** What is measured, and how it is called in the table, the plot and the verdict. Sizes in MiB, times in milliseconds. */
export const COLUMNS = {
  serverMb: 'memory of the server, MiB',
  postgresMb: 'memory of PostgreSQL, MiB',
  taskMb: 'tasks and attempts, MiB',
  eventMb: 'events, MiB',
  indexMb: 'their indexes, MiB',
  claimMs: 'median of a claim, ms',
  longestClaimMs: 'longest claim, ms',
  perSecond: 'tasks a second',
  tasks: 'tasks kept',
} as const

export type Column = keyof typeof COLUMNS

export type Sample = Readonly<Record<Column, number>> & {
  /** Seconds since the start. */
  readonly at: number
  /** Size of each index, in MiB. */
  readonly indexes: ReadonlyMap<string, number>
}

export type ProbedEngine = Engine & { readonly schemas: SchemaCheck }

export interface Probe {
  /**
   * Median and longest of some claims of one task each, in milliseconds, through the statement that workers use: spread over the time
   * given, so that what comes and goes (a vacuum, a checkpoint) is met by its share of them.
   *
   * @param until by `performance.now()`
   */
  measure(until: number): Promise<{ readonly claimMs: number; readonly longestClaimMs: number }>
}

const CLAIMS = 100
const QUEUE = 'probe'
const TABLES = '^(task|attempt_record|task_dependency|event_[0-9]+|event_default)$'

/** A worker of its own queue in the same tables. */
export async function openProbe(engine: ProbedEngine, actor: Actor): Promise<Probe> {
  const { tenant } = actor
  const workerId = newUuid()
  const worker = { tenant, id: workerId, name: 'probe', host: 'bench', pid: null, version: null, types: ['noop'] }
  await registerWorker(engine, { ...worker, labels: {}, slots: 1, leaseMs: 3_600_000 }, [])
  const claimOne = async (): Promise<number> => {
    const startedAt = performance.now()
    const { tasks } = await claimTasks(engine, { tenant, workerId, queue: QUEUE, types: ['noop'], limit: 1 })
    const ms = performance.now() - startedAt
    const ends = tasks.map(({ id, epoch }) => ({ taskId: id, epoch, end: { kind: 'complete', output: null } }) as const)
    await endAttempts(engine, actor, ends)
    return ms
  }
  return {
    async measure(until) {
      const tasks = Array.from({ length: CLAIMS }, () => ({ name: 'probe', type: 'noop', queue: QUEUE }))
      await createTasks(engine, actor, { tasks })
      const times: number[] = []
      for (let left = CLAIMS; left > 0; left--) {
        await delay(Math.max(0, (until - performance.now()) / left))
        times.push(await claimOne())
      }
      times.sort((a, b) => a - b)
      return { claimMs: times[CLAIMS >> 1]!, longestClaimMs: times.at(-1)! }
    },
  }
}

/** Sizes of what grows with tasks, in MiB, and the tasks that are kept, by the statistics. */
export async function readSizes(db: Pool): Promise<Pick<Sample, 'taskMb' | 'eventMb' | 'indexMb' | 'tasks'>> {
  const { rows } = await db.query<{ taskMb: number; eventMb: number; indexMb: number; tasks: number }>(`
    WITH sized AS (
      SELECT c.relname ~ '^event' AS is_event, pg_table_size(c.oid) / 1048576.0 AS rows_mb, pg_indexes_size(c.oid) / 1048576.0 AS index_mb
      FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ '${TABLES}'
    )
    SELECT sum(rows_mb) FILTER (WHERE NOT is_event)::float8 AS "taskMb", sum(rows_mb) FILTER (WHERE is_event)::float8 AS "eventMb",
      sum(index_mb)::float8 AS "indexMb",
      (SELECT n_live_tup::float8 FROM pg_stat_user_tables WHERE relname = 'task') AS tasks
    FROM sized`)
  return rows[0]!
}

/** Size of each index of what grows with tasks, in MiB; those of the partitions of one table together. */
export async function readIndexSizes(db: Pool): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ name: string; mb: number }>(`
    SELECT regexp_replace(i.relname, '^event_[0-9]+_', 'event_') AS name, sum(pg_relation_size(i.oid))::float8 / 1048576.0 AS mb
    FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relkind = 'r' AND c.relname ~ '${TABLES}' GROUP BY 1`)
  return new Map(rows.map(({ name, mb }) => [name, mb]))
}

/**
 * Resident memory of the server, and of all processes of PostgreSQL with what they share counted once, in MiB. Workers of autovacuum are left
 * out: they come and go within seconds.
 */
export async function readMemory(
  serverPid: number,
  postmasterPid: number,
): Promise<Pick<Sample, 'serverMb' | 'postgresMb'>> {
  const children = await readFile(`/proc/${postmasterPid}/task/${postmasterPid}/children`, 'utf8').catch(() => '')
  const pids = [postmasterPid, ...children.trim().split(' ').filter(Boolean).map(Number)]
  const shares = await Promise.all(pids.map(proportionalMb))
  return { serverMb: await rssMbOf(serverPid), postgresMb: shares.reduce((total, mb) => total + mb, 0) }
}

async function proportionalMb(pid: number): Promise<number> {
  const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (title.includes('autovacuum worker')) return 0
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024
}
