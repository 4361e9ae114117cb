import { randomBytes } from 'node:crypto'
import { createRunTools } from '../engine/run-tools.ts'
import { adoptCluster } from '../event/store/adopt-cluster.ts'
import { withTransaction } from '../infra/with-transaction.ts'
import { CALLBACK_PATH } from '../rest/callback-door.ts'
import { createSchemaCheck } from '../task/schema-check.ts'
import { callbackToken } from '../workflow/callback-token.ts'
import { readCallbackKey } from '../workflow/store/callbacks.ts'
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
  const callbackKey = await withTransaction(pool, (client) => readCallbackKey(client, randomBytes(32)))
  const publicUrl = publicUrlOf(ground)
  const callbackUrl = (id: string): string => `${publicUrl}${CALLBACK_PATH}${callbackToken(callbackKey, id)}`
  const engine = { db: pool, channel, schemas, runs: createRunTools(schemas, callbackUrl) }
  const running: Running = { ...ground, channel, engine, callbackKey }
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

/** Where call-backs reach the role api: this process, unless it is said or that runs elsewhere. */
function publicUrlOf({ config, http, log }: Ground): string {
  if (config.publicUrl !== undefined) return config.publicUrl
  if (config.roles.includes('api') && http !== null) return http.url
  const guess = 'http://localhost:4000'
  if (config.roles.includes('scheduler'))
    log.warn(
      `call-backs of workflows are asked for at ${guess}: set TASK_MGMT_PUBLIC_URL to where the role api is reached`,
    )
  return guess
}
