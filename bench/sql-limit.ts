import { Client } from 'pg'

/** Tasks of one transaction: larger ones are not faster. */
const BATCH = 100
const CONNECTIONS = 2

/**
 * The same rows as the engine writes, by the best plain SQL: set-based statements over batches of 100 that know their tasks
 * beforehand, so nobody claims, decides, or reads anything back.
 *
 * @returns tasks per second from INSERT to COMPLETED
 */
export async function measureSqlLimit(url: string, { tasks }: { tasks: number }): Promise<number> {
  const setup = new Client({ connectionString: url })
  await setup.connect()
  await setup.query(`INSERT INTO task_type (name) VALUES ('noop') ON CONFLICT DO NOTHING`)
  await setup.end()
  const start = performance.now()
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, lane) => runLane(url, lane, tasks / CONNECTIONS)))
  return tasks / ((performance.now() - start) / 1_000)
}

async function runLane(url: string, lane: number, tasks: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (let from = 0; from < tasks; from += BATCH) {
    // Ids that grow, as UUIDv7 do.
    const ids = Array.from({ length: Math.min(BATCH, tasks - from) }, (_, index) => idOf(lane, from + index))
    for (const [name, text] of STEPS) {
      await client.query('BEGIN')
      for (const [place, statement] of text.entries()) {
        await client.query({ name: `${name} ${place}`, text: statement, values: [ids] })
      }
      await client.query('COMMIT')
    }
  }
  await client.end()
}

function idOf(lane: number, number: number): string {
  const digits = (number * 2 + lane).toString(16).padStart(20, '0')
  return `01a20000-${digits.slice(0, 4)}-7000-8${digits.slice(5, 8)}-${digits.slice(8)}`
}

const event = (kind: string, version: number, status: string, attempt: string) => `
  INSERT INTO event (incarnation, kind, task_id, task_type, version, status, attempt, actor)
  SELECT (SELECT current_incarnation()), '${kind}', id, 'noop', ${version}, '${status}', ${attempt}, 'bench' FROM unnest($1::uuid[]) id`

const STEPS: readonly (readonly [string, readonly string[]])[] = [
  [
    'create',
    [
      `INSERT INTO task (id, name, type, status, ready_at, is_claimable, order_key, created_by)
      SELECT id, 'task', 'noop', 'READY', now(), true, extract(epoch FROM now()) * 1000, 'bench' FROM unnest($1::uuid[]) id`,
      event('TaskCreated', 1, 'READY', 'NULL'),
    ],
  ],
  [
    'start',
    [
      `UPDATE task SET status = 'RUNNING', is_claimable = false, order_key = NULL, version = 2, epoch = 1, attempt = 1,
        worker_id = id, claimed_at = now(), started_at = now(), updated_at = now(), wake_at = now() + interval '1 hour'
      WHERE tenant = 'default' AND id = ANY ($1::uuid[])`,
      event('TaskStarted', 2, 'RUNNING', '1'),
    ],
  ],
  [
    'complete',
    [
      `UPDATE task SET status = 'COMPLETED', version = 3, worker_id = NULL, claimed_at = NULL, wake_at = NULL,
        finished_at = now(), updated_at = now(), output = 'null'
      WHERE tenant = 'default' AND id = ANY ($1::uuid[])`,
      `INSERT INTO attempt_record (task_id, number, epoch, worker_id, queued_at, started_at, finished_at, outcome, cpu_ms)
      SELECT id, 1, 1, id, now(), now(), now(), 'COMPLETED', 0 FROM unnest($1::uuid[]) id`,
      event('TaskCompleted', 3, 'COMPLETED', '1'),
    ],
  ],
]
