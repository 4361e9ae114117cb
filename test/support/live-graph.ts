import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Pool } from 'pg'
import type { Role } from '../../src/access/role.ts'
import { createAuthenticator } from '../../src/engine/authenticate.ts'
import { createApiKey } from '../../src/engine/create-api-key.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'
import { openTail } from '../../src/event/tail.ts'
import { createLineReader } from '../../src/graph/event/line-reader.ts'
import { createEventReader } from '../../src/graph/event/log-reader.ts'
import { createHealthReader } from '../../src/graph/health/health-report.ts'
import { createGraphServer } from '../../src/graph/server.ts'
import { createReasonWatch, REASON_TOPICS } from '../../src/graph/task/reason-watch.ts'
import { createWorkerWaits } from '../../src/graph/worker/worker-waits.ts'
import { openBells } from '../../src/infra/channel/bells.ts'
import { memoryChannel } from '../../src/infra/channel/memory.ts'
import { openPrisma } from '../../src/infra/prisma.ts'
import { freshDatabase } from './database.ts'
import { type TestEngine, testEngine } from './engine.ts'

/** The graph over a database of its own, as clients meet it: it can go away and come back. */
export interface LiveGraph {
  /** The same after a restart. */
  readonly url: string
  readonly pool: Pool
  /** Its bells reach the server that runs at the time. */
  readonly engine: TestEngine
  key(role: Role): Promise<string>
  /** Ends the server as an orderly stop does. */
  down(): Promise<void>
  /** Starts one on the same port. */
  up(): Promise<void>
  stop(): Promise<void>
}

export async function startLiveGraph({ mode = 'open' }: { mode?: 'open' | 'keys' } = {}): Promise<LiveGraph> {
  const { pool, drop } = await freshDatabase()
  const channel = memoryChannel(onError)
  const engine: TestEngine = { ...testEngine(pool), channel }
  let running = await serve({ pool, engine, channel, mode, port: 0 })
  return {
    url: `http://127.0.0.1:${running.port}/graphql`,
    pool,
    engine,
    async key(role) {
      const key = { tenant: 'default', name: `a ${role}`, role, createdBy: null, expiresAt: null }
      return (await createApiKey(pool, key)).secret
    },
    down: () => running.stop(),
    async up() {
      running = await serve({ pool, engine, channel, mode, port: running.port })
    },
    async stop() {
      await running.stop()
      await drop()
    },
  }
}

interface Served {
  readonly port: number
  stop(): Promise<void>
}

async function serve(options: {
  pool: Pool
  engine: TestEngine
  channel: ReturnType<typeof memoryChannel>
  mode: 'open' | 'keys'
  port: number
}): Promise<Served> {
  const { pool: db, engine, channel, mode } = options
  const prisma = openPrisma(db)
  const tail = openTail({
    source: { read: (cursor, limit) => readUnseen(db, cursor, { limit }), now: () => nowCursor(db) },
    onError,
  })
  const unsubscribe = await channel.subscribe('events', () => tail.ring())
  const server = createGraphServer({
    db,
    prisma,
    engine,
    events: { ...createEventReader({ db, tail, onError }), ...createLineReader({ db, channel, onError }) },
    authenticator: createAuthenticator({ db, mode }),
    workers: createWorkerWaits({ engine, bells: await openBells(channel, ['claimable', 'revoked', 'leased']) }),
    reasons: createReasonWatch({ db, bells: await openBells(channel, REASON_TOPICS), onError }),
    health: createHealthReader({ version: '1.2.3', startedAt: new Date() }, [
      { name: 'database', look: () => db.query('SELECT 1') },
    ]),
    onHiddenError: onError,
  })
  const http = createServer((request, response) => void server.handle(request, response))
  http.on('upgrade', (request, socket, head) => server.upgrade(request, socket, head))
  http.listen(options.port, '127.0.0.1')
  await once(http, 'listening')
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    unsubscribe()
    await server.dispose()
    await tail.close()
    await closeServer(http)
    await prisma.$disconnect()
  }
  return {
    port: (http.address() as AddressInfo).port,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

function onError(error: unknown): void {
  console.error(error)
}

async function closeServer(http: Server): Promise<void> {
  http.closeAllConnections()
  await new Promise((resolve) => http.close(resolve))
}
