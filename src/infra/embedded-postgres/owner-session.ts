import { Client, type ClientConfig, DatabaseError } from 'pg'

/**
 * What asking for the cluster brought.
 *
 * owned: the session is open and holds the lock; taken: another process holds it; busy: the server starts, recovers or shuts down;
 * absent: nobody listens; silent: something listens and does not answer.
 */
export type Claim =
  | { readonly kind: 'owned'; readonly session: Client }
  | { readonly kind: 'taken'; readonly holder: string }
  | { readonly kind: 'busy' }
  | { readonly kind: 'absent' | 'silent' }

/** Any constant: the lock of the one process that owns this cluster, in its database `postgres`. */
const ownerLock = 728_466_702

/** Prefix of the owner's application_name; the rest says who it is. */
const ownerName = 'task-mgmt owner '

const answerWithinMs = 3_000

/**
 * Asks the server for the lock of its cluster.
 *
 * The lock is one of the database's own, held by an open session: it goes when the process goes, however it goes, it knows no stale files and
 * no reused process numbers, and it holds between containers that share the folder. Who holds it is the session's application_name.
 */
export async function claimCluster(connection: ClientConfig, holder: string): Promise<Claim> {
  const session = new Client({
    ...connection,
    database: 'postgres',
    application_name: ownerName + holder,
    connectionTimeoutMillis: answerWithinMs,
    query_timeout: answerWithinMs,
    keepAlive: true,
  })
  session.on('error', () => undefined)
  try {
    await session.connect()
    if (await tryLock(session)) return { kind: 'owned', session }
    const taken = { kind: 'taken', holder: await readHolder(session) } as const
    await session.end()
    return taken
  } catch (error) {
    void session.end().catch(() => undefined)
    return { kind: reasonOf(error) }
  }
}

/** Tells later comers who holds the cluster; PostgreSQL keeps the first 63 bytes. */
export async function nameHolder(session: Client, holder: string): Promise<void> {
  await session.query("SELECT set_config('application_name', $1, false)", [ownerName + holder])
}

async function tryLock(session: Client): Promise<boolean> {
  const result = await session.query<{ isOurs: boolean }>('SELECT pg_try_advisory_lock($1) AS "isOurs"', [ownerLock])
  return result.rows[0]?.isOurs === true
}

async function readHolder(session: Client): Promise<string> {
  const result = await session.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND classid = 0 AND objid = $1 AND granted`,
    [ownerLock],
  )
  return result.rows[0]?.name.slice(ownerName.length) ?? 'unknown'
}

function reasonOf(error: unknown): 'busy' | 'absent' | 'silent' {
  if (error instanceof DatabaseError) {
    // cannot_connect_now, admin_shutdown, crash_shutdown
    if (error.code === '57P03' || error.code === '57P01' || error.code === '57P02') return 'busy'
    throw error
  }
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'absent'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'busy'
  return 'silent'
}
