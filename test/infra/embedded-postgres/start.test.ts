import { chmod, lstat, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConnectionFile } from '../../../src/infra/embedded-postgres/connection-file.ts'
import { durableSettings, throwAwaySettings } from '../../../src/infra/embedded-postgres/settings.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/infra/embedded-postgres/start.ts'
import { FolderInUse } from '../../../src/infra/embedded-postgres/take-server.ts'
import { type DataFolder, makeDataFolder } from '../../support/data-folder.ts'
import { isPidAlive } from '../../support/until.ts'

let data: DataFolder
beforeEach(async () => {
  data = await makeDataFolder()
})
afterEach(() => data.remove())

const start = (dataFolder = data.path) =>
  startEmbeddedPostgres({ dataFolder, settings: throwAwaySettings, isDurable: false })

async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: postgres.databaseUrl })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe('an embedded server', () => {
  it('keeps what it was given from one start to the next', async () => {
    const first = await start()
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    expect(isPidAlive(first.postmasterPid)).toBe(false)
    const second = await start()
    expect(second.isAdopted).toBe(false)
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await second.stop()
  })

  it('lets nobody in without the password, and shows it to its owner only', async () => {
    const postgres = await start()
    const url = new URL(postgres.databaseUrl)
    url.password = 'guess'
    const stranger = new Client({ connectionString: url.href })
    await expect(stranger.connect()).rejects.toThrow('password authentication failed')
    const listening = await query(postgres, "SELECT current_setting('listen_addresses') AS addresses")
    if (process.platform !== 'win32') expect(listening).toEqual([{ addresses: '' }])
    expect((await stat(postgres.folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(data.path, 'connection.json'))).mode & 0o777).toBe(0o600)
    expect(await readConnectionFile(data.path)).toMatchObject({ databaseUrl: postgres.databaseUrl, pid: process.pid })
    await postgres.stop()
  })

  it('runs with durable settings unless told otherwise, and leaves the last word to ALTER SYSTEM', async () => {
    const first = await startEmbeddedPostgres({ dataFolder: data.path })
    const names = "('fsync', 'synchronous_commit', 'full_page_writes', 'jit', 'max_connections')"
    expect(await query(first, `SELECT name, setting FROM pg_settings WHERE name IN ${names} ORDER BY 1`)).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'jit', setting: 'off' },
      { name: 'max_connections', setting: durableSettings.max_connections },
      { name: 'synchronous_commit', setting: 'on' },
    ])
    await query(first, "ALTER SYSTEM SET max_connections = '50'")
    await first.stop()
    const second = await startEmbeddedPostgres({ dataFolder: data.path })
    expect(await query(second, 'SHOW max_connections')).toEqual([{ max_connections: '50' }])
    await second.stop()
  })

  it('works below a folder whose path is too long for a socket', async () => {
    const deep = join(data.path, 'd'.repeat(60), 'e'.repeat(60))
    await chmod(data.path, 0o755)
    const postgres = await start(deep)
    expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await postgres.stop()
  })
})

describe('a folder in use', () => {
  it('is refused with who uses it, and the owner is not disturbed', async () => {
    const owner = await start()
    await owner.announce({ roles: ['api'], url: 'http://127.0.0.1:4000' })
    const refusal = await start().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(FolderInUse)
    expect(String(refusal)).toContain(`pid ${process.pid}, http://127.0.0.1:4000`)
    expect(await query(owner, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await owner.stop()
  })

  it('tells the owner when its server goes away', async () => {
    const owner = await start()
    process.kill(owner.postmasterPid, 'SIGKILL')
    expect(String(await owner.lost)).toContain('went away')
    await owner.stop()
  })
})

describe('what a killed process left', () => {
  it('is stopped and started again when it does not answer', { timeout: 60_000 }, async () => {
    const first = await start()
    process.kill(first.postmasterPid, 'SIGSTOP')
    const second = await start()
    expect(second.postmasterPid).not.toBe(first.postmasterPid)
    expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await second.stop()
  })

  it('does not hinder a start when its process number belongs to a stranger now', async () => {
    const first = await start()
    const pidFile = join(first.folder, 'cluster', 'postmaster.pid')
    const text = await readFile(pidFile, 'utf8')
    await first.stop()
    // The runner of the tests: alive, and certainly no database server.
    await writeFile(pidFile, text.replace(/^\d+/, String(process.ppid)))
    const second = await start()
    expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await second.stop()
  })

  it('does not hinder a start when a first start ended halfway', async () => {
    await mkdir(join(data.path, 'postgres', 'cluster.123.abc'), { recursive: true })
    const postgres = await start()
    expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await postgres.stop()
  })
})

describe.runIf(process.getuid?.() === 0)('as root', () => {
  it('runs under another account', async () => {
    const postgres = await start()
    expect((await stat(`/proc/${postgres.postmasterPid}`)).uid).not.toBe(0)
    await postgres.stop()
  })

  it('puts the data elsewhere below a folder closed to others, and finds it again', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'closed-'))
    await chmod(closed, 0o700)
    const inside = await makeDataFolder(closed)
    const first = await start(inside.path)
    const place = join(inside.path, 'postgres')
    expect((await lstat(place)).isSymbolicLink()).toBe(true)
    expect(await realpath(place)).toBe(first.folder)
    expect(first.folder.startsWith(closed)).toBe(false)
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    const second = await start(inside.path)
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await second.stop()
    await inside.remove()
    await rm(closed, { recursive: true })
  })
})
