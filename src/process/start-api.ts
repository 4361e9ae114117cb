import { decideAccessMode } from '../access/access-mode.ts'
import { DEFAULT_TENANT } from '../access/principal.ts'
import { hasUsableKeys } from '../access/store.ts'
import { createAuthenticator } from '../engine/authenticate.ts'
import { callBack } from '../engine/call-back.ts'
import { ensureInitialKey } from '../engine/ensure-initial-key.ts'
import { nowCursor } from '../event/store/now-cursor.ts'
import { readUnseen } from '../event/store/read-unseen.ts'
import { openTail } from '../event/tail.ts'
import { createLineReader } from '../graph/event/line-reader.ts'
import { createEventReader } from '../graph/event/log-reader.ts'
import { createHealthReader } from '../graph/health/health-report.ts'
import { createGraphServer } from '../graph/server.ts'
import { createReasonWatch, REASON_TOPICS } from '../graph/task/reason-watch.ts'
import { createWorkerWaits } from '../graph/worker/worker-waits.ts'
import { openBells } from '../infra/channel/bells.ts'
import { CALLBACK_PATH, createCallbackDoor } from '../rest/callback-door.ts'
import { createSchemaDoor, SCHEMA_PATH } from '../rest/schema-door.ts'
import { createWorkflowCheck } from '../workflow/definition/check-workflow.ts'
import type { HttpFront } from './http-front.ts'
import type { Running } from './running.ts'

/** Thrown when the server would be open to strangers; the message says how to make a key. */
export class AccessUndecided extends Error {
  override readonly name = 'AccessUndecided'
}

/** Starts the graph's door on the process's HTTP server. */
export async function startApi(running: Running, http: HttpFront): Promise<{ notice: string | null }> {
  const { config, log, pool, prisma, parts, channel, engine, callbackKey } = running
  if (config.initialKey !== undefined) {
    const isNew = await ensureInitialKey(pool, { tenant: DEFAULT_TENANT, secret: config.initialKey })
    if (isNew) log.info('made the initial API key')
  }
  const access = decideAccessMode({ host: config.host, hasKeys: await hasUsableKeys(pool) })
  if (access.kind === 'refused') throw new AccessUndecided(access.message)

  const onError = (error: unknown): void => log.error({ err: error }, 'the live feed met an error; it goes on')
  const tail = openTail({
    source: { read: (cursor, limit) => readUnseen(pool, cursor, { limit }), now: () => nowCursor(pool) },
    onError,
  })
  parts.add({ name: 'tail', stopWithinMs: 2_000, stop: () => tail.close() })
  await channel.subscribe('events', () => tail.ring())
  const bells = await openBells(channel, ['claimable', 'revoked', 'leased'])

  const hasGraphiQL = config.isDevelopment || access.kind === 'open'
  const graph = createGraphServer({
    db: pool,
    prisma,
    engine,
    events: { ...createEventReader({ db: pool, tail, onError }), ...createLineReader({ db: pool, channel, onError }) },
    definitions: createWorkflowCheck(),
    authenticator: createAuthenticator({ db: pool, mode: access.kind }),
    workers: createWorkerWaits({ engine, bells }),
    reasons: createReasonWatch({ db: pool, bells: await openBells(channel, REASON_TOPICS), onError }),
    health: createHealthReader({ version: running.version, startedAt: new Date() }, [
      { name: 'database', look: () => pool.query('SELECT 1') },
    ]),
    allowedOrigins: config.allowedOrigins,
    hasGraphiQL,
    onHiddenError: (error, correlationId) => log.error({ err: error, correlationId }, 'a request failed inside'),
  })
  parts.add({ name: 'graph', stopWithinMs: 5_000, stop: () => graph.dispose() })
  const answerCallback = createCallbackDoor({
    key: callbackKey,
    take: (awaitedId, body) => callBack(engine, { tenant: DEFAULT_TENANT, awaitedId, body }),
    onHiddenError: (error) => log.error({ err: error }, 'a call-back failed inside'),
  })
  const answerSchema = createSchemaDoor()
  http.serve((request, response) => {
    const path = request.url?.split('?', 1)[0]
    if (path === graph.path) return void graph.handle(request, response)
    if (path?.startsWith(CALLBACK_PATH)) return void answerCallback(request, response)
    if (path === SCHEMA_PATH) return answerSchema(request, response)
    if (path === '/' && hasGraphiQL) return void response.writeHead(302, { location: graph.path }).end()
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: 'not found', graph: graph.path }))
  })
  http.server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] === graph.path) graph.upgrade(request, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
  })
  return { notice: access.kind === 'open' ? access.message : null }
}
