import { readFileSync } from 'node:fs'
import type { Config } from '../infra/config/settings.ts'
import type { Log } from '../infra/log.ts'
import { openPrisma } from '../infra/prisma.ts'
import type { TaskTypeDefinition } from '../worker/handler.ts'
import { banner } from './banner.ts'
import { openHttpFront } from './http-front.ts'
import { createParts, type Parts } from './parts.ts'
import { startDatabase } from './start-database.ts'
import { startRoles } from './start-roles.ts'
import type { StopReason, StopSignals } from './stop-signals.ts'

export interface ServeOptions {
  readonly config: Config
  readonly log: Log
  readonly stop: StopSignals
  /** Shown when the server is ready; undefined logs a line instead. */
  readonly print: ((text: string) => void) | undefined
  /** Task types besides those of `config.handlers`. */
  readonly handlers?: readonly TaskTypeDefinition[]
  /** Called once with the server's URL, empty without a port. */
  readonly onReady?: (url: string) => void
}

/**
 * Runs the server until it is asked to stop, then stops everything in order.
 *
 * @returns why it stopped
 * @throws whatever keeps it from starting
 */
export async function serve(options: ServeOptions): Promise<StopReason> {
  const parts = createParts(options.log)
  const { signal } = options.stop
  try {
    await start(options, parts)
    return await reasonToStop(signal)
  } catch (error) {
    if (signal.aborted) return signal.reason as StopReason
    throw error
  } finally {
    await parts.stopAll()
  }
}

async function start({ config, log, stop, print, handlers = [], onReady }: ServeOptions, parts: Parts): Promise<void> {
  const { signal, breakDown } = stop
  const database = await startDatabase({ config, log, parts, signal })
  signal.throwIfAborted()
  void database.lost.then(breakDown)
  const prisma = openPrisma(database.pool)
  parts.add({ name: 'prisma', stopWithinMs: 5_000, stop: () => prisma.$disconnect() })
  const checkReady = async (): Promise<void> => {
    signal.throwIfAborted()
    await database.pool.query('SELECT 1')
  }
  const http = config.port === null ? null : await openHttpFront({ host: config.host, port: config.port, checkReady })
  if (http !== null) parts.add({ name: 'http', stopWithinMs: 5_000, stop: () => http.close(2_000) })
  const { notices } = await startRoles({
    config,
    handlers,
    log: database.log,
    version: readVersion(),
    pool: database.pool,
    databaseUrl: database.url,
    isEmbedded: database.isEmbedded,
    prisma,
    http,
    parts,
    breakDown,
  })
  const url = http?.url ?? null
  await database.embedded?.announce({ roles: config.roles, url })
  http?.announceStarted()
  const { roles } = config
  const facts = { url, roles, place: database.place, readyAfterMs: Math.round(performance.now()) }
  if (print === undefined) log.info({ ...facts, notices }, 'ready')
  else print(banner({ ...facts, version: readVersion(), notices }))
  onReady?.(url ?? '')
}

function reasonToStop(signal: AbortSignal): Promise<StopReason> {
  if (signal.aborted) return Promise.resolve(signal.reason)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }))
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
