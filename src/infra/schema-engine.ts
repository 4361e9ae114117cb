import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { Pool } from 'pg'
import type { MigrationFile } from './migration-files.ts'

/** Prisma's schema engine over one connection pool. */
export type SchemaEngine = bindings.SchemaEngine

/** Nothing in our schema is managed from outside. */
export const noFilter: bindings.SchemaFilter = { externalTables: [], externalEnums: [] }

/** What the engine's scripts are, and how the last one failed. */
export interface EngineScripts {
  readonly files: readonly MigrationFile[]
  /** Receives the database's own error, which the engine reduces to a text. */
  readonly failure: { error: Error | undefined }
}

/**
 * Loads Prisma's schema engine, a WebAssembly module of 5 MB (about 60 ms), bound to `pool`.
 *
 * @param pool one connection at most, because the engine keeps its advisory lock in the session
 * @see https://github.com/prisma/prisma-engines/tree/main/schema-engine/schema-engine-wasm
 */
export async function loadSchemaEngine(pool: Pool, scripts: EngineScripts): Promise<SchemaEngine> {
  await instantiated
  const factory = bindMigrationAwareSqlAdapterFactory(wholeScripts(new PrismaPg(pool), pool, scripts))
  return bindings.SchemaEngine.new({ datamodels: [['schema.prisma', anyDatamodel]] }, () => undefined, factory)
}

function wholeScripts(
  factory: SqlMigrationAwareDriverAdapterFactory,
  pool: Pool,
  scripts: EngineScripts,
): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => sendingWhole(await factory.connect(), pool, scripts),
    connectToShadowDb: () => factory.connectToShadowDb(),
  }
}

/** Prisma's adapter cuts scripts at every semicolon, also inside function bodies and texts: send them in one piece. */
function sendingWhole(adapter: SqlDriverAdapter, pool: Pool, { files, failure }: EngineScripts): SqlDriverAdapter {
  adapter.executeScript = async (script) => {
    try {
      await pool.query(markingSuccess(script, files))
    } catch (error) {
      failure.error = error instanceof Error ? error : new Error(String(error))
      throw error
    }
  }
  return adapter
}

/** The script and its mark of success commit together, so that a process killed between the two leaves no riddle. */
function markingSuccess(script: string, files: readonly MigrationFile[]): string {
  const name = files.find((file) => file.sql === script)?.name
  if (name === undefined) return script
  return `${script}\n;UPDATE _prisma_migrations SET finished_at = now() WHERE migration_name = '${name.replaceAll("'", "''")}' AND finished_at IS NULL`
}

/** The part of the global that is used here: Node's types leave it to the DOM library. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>
  instantiate(module: object, imports: object): Promise<{ exports: Record<string, unknown> }>
}

/** The engine wants one to know the database's kind; applying migrations reads nothing else of it. */
const anyDatamodel = 'datasource db {\n  provider = "postgresql"\n}\n'

/** Where the engine looks for somebody to tell why it panics; without it the reason is lost. */
const panicRegistry = {
  set_message: (message: string) => {
    throw new Error(`Prisma's schema engine: ${message}`)
  },
}

async function instantiate(): Promise<void> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panicRegistry })
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const module = await WebAssembly.compile(await readFile(path.replace(/\.js$/, '.wasm')))
  const { exports } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': imports() })
  bindings.__wbg_set_wasm(exports)
  const start = exports.__wbindgen_start as () => void
  start()
}

/** The engine's time-out for its lock, 10 s, is never cleared and must not keep the process alive. */
function imports(): Record<string, unknown> {
  const timers = Object.entries(bindings).filter(([name]) => name.startsWith('__wbg_setTimeout_'))
  const quiet = timers.map(([name, set]) => {
    const start = set as unknown as (run: () => void, ms: number) => NodeJS.Timeout
    return [name, (run: () => void, ms: number) => start(run, ms).unref()]
  })
  return { ...bindings, ...Object.fromEntries(quiet) }
}

/** Once in a process: the bindings keep the instance in their module. Import this file only when an engine is needed. */
const instantiated = instantiate()
