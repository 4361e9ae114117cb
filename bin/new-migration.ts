import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { diffSchema } from '../src/infra/diff-schema.ts'
import { migrationsFolder } from '../src/infra/migration-files.ts'
import { reachDatabase } from '../src/process/reach-database.ts'
import { readConfig } from '../src/process/read-config.ts'

// npm run migration -- NAME [--from REF] [--empty]: writes the SQL of what changed in prisma/schema.prisma since the commit REF (default: HEAD).

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { from: { type: 'string', default: 'HEAD' }, empty: { type: 'boolean', default: false } },
})
const name = positionals.join('_').toLowerCase()

if (!/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error('Give the migration a name: npm run migration -- add_labels')
  process.exitCode = 2
} else {
  await write(name)
}

async function write(migration: string): Promise<void> {
  const schema = join(migrationsFolder, '..', 'schema.prisma')
  const sql = await difference(committed(values.from), await readFile(schema, 'utf8'))
  if (sql === '' && !values.empty) {
    console.error(
      `prisma/schema.prisma says the same as in ${values.from}. For a migration written by hand, add --empty.`,
    )
    process.exitCode = 1
    return
  }
  const folder = join(migrationsFolder, `${timestamp(new Date())}_${migration}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'migration.sql'), sql)
  console.log(`Wrote ${join(folder, 'migration.sql')}. Read it, complete it, then: npm run migrate`)
}

async function difference(from: string, to: string): Promise<string> {
  const database = await reachDatabase(readConfig())
  try {
    return await diffSchema({ url: database.url, from, to })
  } finally {
    await database.release()
  }
}

function committed(reference: string): string {
  return execFileSync('git', ['show', `${reference}:./prisma/schema.prisma`], {
    cwd: join(migrationsFolder, '../..'),
    encoding: 'utf8',
  })
}

function timestamp(time: Date): string {
  return time.toISOString().replace(/\D/g, '').slice(0, 14)
}
