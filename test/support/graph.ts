import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Pool } from 'pg'
import type { Role } from '../../src/access/role.ts'
import { createAuthenticator } from '../../src/engine/authenticate.ts'
import { createApiKey } from '../../src/engine/create-api-key.ts'
import { openTail, type Tail, type TailSource } from '../../src/event/tail.ts'
import type { GraphEngine } from '../../src/graph/context.ts'
import { createLineReader } from '../../src/graph/event/line-reader.ts'
import { createEventReader } from '../../src/graph/event/log-reader.ts'
import { createHealthReader } from '../../src/graph/health/health-report.ts'
import { createGraphServer, type GraphServer } from '../../src/graph/server.ts'
import { createReasonWatch, REASON_TOPICS } from '../../src/graph/task/reason-watch.ts'
import { createWorkerWaits } from '../../src/graph/worker/worker-waits.ts'
import { openBells } from '../../src/infra/channel/bells.ts'
import { memoryChannel } from '../../src/infra/channel/memory.ts'
import { openPrisma } from '../../src/infra/prisma.ts'
import { createWorkflowCheck } from '../../src/workflow/definition/check-workflow.ts'
import { freshDatabase } from './database.ts'
import { testEngine } from './engine.ts'
import { sourceOf } from './event-process.ts'
import { openTestLog, type TestLog } from './task-log.ts'

/** A GraphQL response as a client sees it. */
export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  readonly data: any
  readonly errors: readonly { message: string; path?: unknown[]; extensions: Record<string, unknown> }[] | undefined
}

/** The graph over a database of its own, served on a free port. */
export interface TestGraph {
  readonly url: string
  readonly pool: Pool
  readonly engine: GraphEngine
  readonly log: TestLog
  readonly server: GraphServer
  /** What the server hid from clients so far. */
  readonly hidden: unknown[]
  /** Sends a document; `key` goes into the Authorization header. */
  ask(query: string, variables?: object, key?: string): Promise<Answer>
  /** Makes a key and returns its text. */
  key(role: Role, fields?: { tenant?: string; expiresAt?: Date }): Promise<string>
  /** The statements that run while `work` does. */
  statementsOf(work: () => Promise<unknown>): Promise<string[]>
  /** How many feeds are open on the tail. */
  listeners(): number
  stop(): Promise<void>
}

export interface TestGraphOptions {
  readonly mode?: 'open' | 'keys'
  readonly hasBugs?: boolean
  readonly hasGraphiQL?: boolean
  readonly allowedOrigins?: string[]
  /** A broken reader of the log takes this one's place in the planted bugs. */
  readonly source?: (db: Pool) => TailSource
}

export async function startGraph(options: TestGraphOptions = {}): Promise<TestGraph> {
  const { pool, drop } = await freshDatabase()
  const statements: string[] = []
  recordStatements(pool, statements)
  const prisma = openPrisma(pool)
  const hidden: unknown[] = []
  const onError = (error: unknown) => {
    hidden.push(error)
    if (options.hasBugs !== true) console.error(error)
  }
  const tail = openTail({
    source: (options.source ?? sourceOf)(pool),
    onError,
  })
  let listeners = 0
  const counted: Tail = {
    ...tail,
    listen() {
      const listener = tail.listen()
      listeners += 1
      let isHere = true
      return {
        ...listener,
        leave() {
          if (isHere) listeners -= 1
          isHere = false
          listener.leave()
        },
      }
    },
  }
  const channel = memoryChannel(onError)
  await channel.subscribe('events', () => tail.ring())
  const log = openTestLog(pool, channel)
  const engine: GraphEngine = { ...testEngine(pool), channel }
  const server = createGraphServer({
    db: pool,
    prisma,
    engine,
    events: {
      ...createEventReader({ db: pool, tail: counted, onError }),
      ...createLineReader({ db: pool, channel, onError }),
    },
    definitions: createWorkflowCheck(),
    authenticator: createAuthenticator({ db: pool, mode: options.mode ?? 'open' }),
    workers: createWorkerWaits({ engine, bells: await openBells(channel, ['claimable', 'revoked', 'leased']) }),
    reasons: createReasonWatch({ db: pool, bells: await openBells(channel, REASON_TOPICS), onError }),
    health: createHealthReader({ version: '0.0.0', startedAt: new Date() }, [
      { name: 'database', look: () => pool.query('SELECT 1') },
    ]),
    onHiddenError: onError,
    hasGraphiQL: options.hasGraphiQL ?? false,
    allowedOrigins: options.allowedOrigins ?? [],
  })
  const http = createServer((request, response) => void server.handle(request, response))
  http.on('upgrade', (request, socket, head) => server.upgrade(request, socket, head))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`
  return {
    url,
    pool,
    log,
    engine,
    server,
    hidden,
    ask: (query, variables, key) => ask(url, { query, variables }, key),
    key: (role, fields) => makeKey(pool, role, fields),
    async statementsOf(work) {
      const start = statements.length
      await work()
      return statements.slice(start)
    },
    listeners: () => listeners,
    async stop() {
      await server.dispose()
      await tail.close()
      await closeServer(http)
      await prisma.$disconnect()
      await drop()
    },
  }
}

async function ask(url: string, body: object, key?: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
  })
  const { data, errors } = (await response.json()) as Omit<Answer, 'status'>
  return { status: response.status, data, errors }
}

async function makeKey(pool: Pool, role: Role, fields: { tenant?: string; expiresAt?: Date } = {}): Promise<string> {
  const { tenant = 'default', expiresAt = null } = fields
  return (await createApiKey(pool, { tenant, name: `a ${role}`, role, createdBy: null, expiresAt })).secret
}

/**
 * Notes every statement of the pool's connections. The brackets of transactions are not counted, nor is an open server's look for
 * keys, which comes by the clock.
 */
function recordStatements(pool: Pool, statements: string[]): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client)
    client.query = ((...args: unknown[]) => {
      const [first] = args
      const text = typeof first === 'string' ? first : ((first as { text?: string } | null)?.text ?? '')
      if (!/^(BEGIN|COMMIT|ROLLBACK|SELECT EXISTS \(SELECT FROM api_key)/.test(text)) statements.push(text)
      return (query as (...rest: unknown[]) => unknown)(...args)
    }) as typeof client.query
  })
}

async function closeServer(http: Server): Promise<void> {
  http.closeAllConnections()
  await new Promise((resolve) => http.close(resolve))
}
