import pg from 'pg'
import { createCollector } from './collector.ts'

/** The three events of a task, as a user of a peer would keep them beside it. */
export interface History {
  created(ids: readonly string[]): Promise<void>
  /** Returns at once; written in batches. */
  started(id: string): void
  completed(id: string): void
  flushed(): Promise<void>
  close(): Promise<void>
}

export const NO_HISTORY: History = {
  created: async () => undefined,
  started: () => undefined,
  completed: () => undefined,
  flushed: async () => undefined,
  close: async () => undefined,
}

type Entry = readonly [id: string, kind: string, status: string]

/**
 * A table with the columns of our events and one index less. Events of the handler are collected and written in batches
 * without holding it up, which is the fastest way and weaker than ours: a crash loses the last of them.
 */
export async function createHistoryTable(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(`CREATE TABLE IF NOT EXISTS history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    task_id text NOT NULL, task_type text NOT NULL, kind text NOT NULL, status text NOT NULL, attempt int, actor text, payload jsonb);
    CREATE INDEX IF NOT EXISTS history_task_idx ON history (task_id, id)`)
  await client.end()
}

export function openHistory(postgresUrl: string): History {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 })
  const write = async (entries: readonly Entry[]): Promise<void> => {
    await pool.query({
      name: 'history',
      text: `INSERT INTO history (task_id, task_type, kind, status, attempt, actor)
        SELECT id, 'noop', kind, status, 1, 'bench' FROM unnest($1::text[], $2::text[], $3::text[]) AS e (id, kind, status)`,
      values: [entries.map(([id]) => id), entries.map(([, kind]) => kind), entries.map(([, , status]) => status)],
    })
  }
  const collector = createCollector(write)
  return {
    created: (ids) => write(ids.map((id) => [id, 'TaskCreated', 'READY'])),
    started: (id) => collector.add([id, 'TaskStarted', 'RUNNING']),
    completed: (id) => collector.add([id, 'TaskCompleted', 'COMPLETED']),
    flushed: () => collector.flushed(),
    async close() {
      await collector.flushed()
      await pool.end()
    },
  }
}
