import { createRunTools } from '../engine/run-tools.ts'
import { adoptCluster } from '../event/store/adopt-cluster.ts'
import { withTransaction } from '../infra/with-transaction.ts'
import { createSchemaCheck } from '../task/schema-check.ts'
import type { Ground, Running } from './running.ts'
import { startApi } from './start-api.ts'
import { startChannel } from './start-channel.ts'
import { startScheduler } from './start-scheduler.ts'
import { startWorker } from './start-worker.ts'

/**
 * Starts what `config.roles` names, each part on top of the earlier ones.
 *
 * @returns what the person who started us should know
 */
export async function startRoles(ground: Ground): Promise<{ notices: readonly string[] }> {
  const { config, log, pool } = ground
  const adoption = await withTransaction(pool, adoptCluster)
  if (adoption === 'restored')
    log.warn('the event log comes from another database server; earlier cursors have expired')
  const channel = startChannel(ground)
  const schemas = createSchemaCheck()
  const engine = {
    db: pool,
    channel,
    schemas,
    runs: createRunTools(schemas, (id) => `${ground.http?.url ?? ''}/callbacks/${id}`),
  }
  const running: Running = { ...ground, channel, engine }
  const roles = new Set(config.roles)
  const notices: string[] = []
  if (roles.has('scheduler')) await startScheduler(running)
  if (roles.has('worker')) await startWorker(running)
  if (roles.has('api') && running.http !== null) {
    const { notice } = await startApi(running, running.http)
    if (notice !== null) notices.push(notice)
  }
  return { notices }
}
