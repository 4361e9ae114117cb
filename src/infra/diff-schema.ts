import { Pool } from 'pg'

export interface DiffSchemaInput {
  /** Any PostgreSQL: the engine asks for its version and nothing else. */
  readonly url: string
  /** Text of the earlier schema; undefined for none. */
  readonly from: string | undefined
  readonly to: string
}

/**
 * SQL that leads from one Prisma schema to another, for a person to complete: partial indexes, CHECKs, partitions and functions are not in it.
 *
 * @returns '' when nothing changes
 */
export async function diffSchema({ url, from, to }: DiffSchemaInput): Promise<string> {
  const { loadSchemaEngine, noFilter } = await import('./schema-engine.ts')
  const pool = new Pool({ connectionString: url, max: 1 })
  try {
    const engine = await loadSchemaEngine(pool, { files: [], failure: { error: undefined } })
    const { stdout } = await engine.diff({
      from:
        from === undefined
          ? { tag: 'empty' }
          : { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: from }] },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: to }] },
      script: true,
      exitCode: null,
      filters: noFilter,
    })
    return stdout === null || stdout.includes('This is an empty migration') ? '' : stdout
  } finally {
    await pool.end()
  }
}
