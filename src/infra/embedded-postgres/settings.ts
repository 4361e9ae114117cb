/** Settings of a PostgreSQL server by name. */
export type PostgresSettings = Readonly<Record<string, string>>

/** What our load wants: durable, eager to vacuum and analyse, small enough for a laptop or a container. */
export const durableSettings: PostgresSettings = {
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '128MB',
  // Eight processes with the default pool.
  max_connections: '200',
  min_wal_size: '256MB',
  max_wal_size: '2GB',
  // Plans made for an empty queue are 30 times slower on a full one: look again soon.
  // And a look that is missed costs the tables what they grow by until the next.
  autovacuum_naptime: '2s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_vacuum_insert_scale_factor: '0.1',
  autovacuum_analyze_scale_factor: '0.1',
  // With the usual 200 a vacuum of a busy table sleeps for minutes, and falls behind at some thousands of tasks a second.
  autovacuum_vacuum_cost_limit: '2000',
  // Compiling costs more than our statements take.
  jit: 'off',
  // Parallel plans want shared memory that containers restrict to 64 MB.
  max_parallel_workers_per_gather: '0',
  max_locks_per_transaction: '256',
  random_page_cost: '1.1',
  // PostgreSQL 18's asynchronous reads start three more processes; our working set is in memory.
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_duration_statement: '1s',
  // Parameters hold what users sent.
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
}

/** For data that is thrown away with the run: 1.3 to 3 times as fast on commits, lost at a power cut. */
export const throwAwaySettings: PostgresSettings = {
  ...durableSettings,
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum_naptime: '10s',
  max_connections: '300',
}

/** The settings as lines of a PostgreSQL configuration file. */
export function settingsFile(settings: PostgresSettings): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`)
  return `# Written at every start. Your own settings: ALTER SYSTEM SET, which wins over this file.\n${lines.join('\n')}\n`
}
