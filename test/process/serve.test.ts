import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConnectionFile } from '../../src/infra/embedded-postgres/connection-file.ts'
import { type DataFolder, makeDataFolder } from '../support/data-folder.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { isPidAlive, until } from '../support/until.ts'

let data: DataFolder
beforeEach(async () => {
  data = await makeDataFolder()
})
afterEach(() => data.remove())

const start = (argv: string[] = []) => spawnServer({ TASK_MGMT_DATA_DIR: data.path }, argv)

async function stop(server: ServerProcess): Promise<void> {
  server.kill('SIGTERM')
  await server.ended
}

async function query(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: (await readConnectionFile(data.path))!.databaseUrl })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe('a server', () => {
  it('says where it is, answers when ready, and stops with code 0 leaving nothing running', async () => {
    const server = start()
    const url = await server.ready
    expect(server.output.stdout).toContain(data.path)
    expect(server.output.stdout).toContain('npx task-mgmt')
    expect((await fetch(`${url}/health`)).status).toBe(200)
    const page = await fetch(url, { headers: { accept: 'text/html' } })
    expect(page).toMatchObject({ status: 200, url: `${url}/graphql` })
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready' })
    const postmaster = data.postmasterPid()!
    server.kill('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(isPidAlive(postmaster)).toBe(false)
    expect(await readConnectionFile(data.path)).toBeUndefined()
  })

  it('stops in order on Ctrl-C, which goes to the whole process group', async () => {
    const server = start()
    await server.ready
    server.killGroup('SIGINT')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(await data.serverLog()).toContain('database system is shut down')
    expect(await data.serverLog()).not.toMatch(/FATAL|PANIC|terminat.* by signal/)
  })

  it('stops in order when it is asked while it starts', async () => {
    const server = start()
    await until(() => data.postmasterPid() !== undefined)
    server.kill('SIGINT')
    expect((await server.ended).code).toBe(0)
    await until(() => data.postmasterPid() === undefined)
  })

  it('ends at once when it is asked again', async () => {
    const server = start()
    const url = new URL(await server.ready)
    const slow = connect(Number(url.port), url.hostname)
    slow.on('error', () => undefined)
    await once(slow, 'connect')
    slow.write('GET /health HTTP/1.1\r\nHost:')
    server.kill('SIGINT')
    let hasEnded = false
    void server.ended.then(() => {
      hasEnded = true
    })
    await until(() => {
      if (!hasEnded) server.kill('SIGINT')
      return hasEnded
    })
    expect((await server.ended).code).toBe(1)
    await until(() => data.postmasterPid() === undefined)
    slow.destroy()
  })
})

describe('after kill -9', () => {
  it('of node alone, the next start takes over the database server that lives on', async () => {
    const first = start()
    await first.ready
    const postmaster = data.postmasterPid()!
    await query('CREATE TABLE kept AS SELECT 42 AS answer')
    first.kill('SIGKILL')
    await first.ended
    expect(isPidAlive(postmaster)).toBe(true)
    const second = start()
    await second.ready
    expect(data.postmasterPid()).toBe(postmaster)
    expect(second.output.stderr).toContain('took over')
    expect(await query('SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await stop(second)
    expect(isPidAlive(postmaster)).toBe(false)
  })

  it('of node and the database server, the next start recovers what was committed', async () => {
    const first = start()
    await first.ready
    const postmaster = data.postmasterPid()!
    await query('CREATE TABLE kept AS SELECT 42 AS answer')
    first.kill('SIGKILL')
    process.kill(postmaster, 'SIGKILL')
    await first.ended
    const second = start()
    await second.ready
    expect(data.postmasterPid()).not.toBe(postmaster)
    expect(await query('SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await stop(second)
  })

  it('in the middle of the very first start, the next start works', async () => {
    const first = start()
    await until(() => data.postmasterPid() !== undefined)
    first.kill('SIGKILL')
    await first.ended
    const second = start()
    expect((await fetch(`${await second.ready}/ready`)).status).toBe(200)
    await stop(second)
  })
})

describe('refusals', () => {
  it('say who uses the data folder when a second server starts on it', async () => {
    const first = start()
    const url = await first.ready
    await until(async () => (await readConnectionFile(data.path))?.url !== undefined)
    const second = start()
    expect((await second.ended).code).toBe(1)
    expect(second.output.stderr).toContain(`pid ${first.pid}, ${url}`)
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    await stop(first)
  })

  it('hold while the server drops all sessions after one of its processes crashed', async () => {
    const first = start()
    const url = await first.ready
    const rows = (await query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'")) as {
      pid: number
    }[]
    process.kill(rows[0]!.pid, 'SIGKILL')
    const second = start()
    expect((await second.ended).code).toBe(1)
    expect(second.output.stderr).toContain(`pid ${first.pid}, ${url}`)
    await until(async () => (await fetch(`${url}/ready`)).status === 200)
    await stop(first)
  })

  it('of three that start at once leave exactly one', async () => {
    const servers = [start(), start(), start()]
    const outcomes = await Promise.allSettled(servers.map((server) => server.ready))
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    for (const [index, server] of servers.entries()) {
      if (outcomes[index]?.status === 'fulfilled') await stop(server)
      else expect(server.output.stderr).toContain('in use by another task-mgmt')
    }
  })

  it('name a port that is taken, and stop the database again', async () => {
    const rival = createServer().listen(0, '127.0.0.1')
    await once(rival, 'listening')
    const { port } = rival.address() as { port: number }
    const server = start(['--port', String(port)])
    expect((await server.ended).code).toBe(1)
    expect(server.output.stderr).toContain(`Port ${port} of 127.0.0.1 is taken`)
    expect(data.postmasterPid()).toBeUndefined()
    rival.close()
  })

  it('name the database that cannot be reached, without its password', async () => {
    const server = spawnServer({ DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/db' })
    expect((await server.ended).code).toBe(1)
    expect(server.output.stderr).toContain('postgresql://me:***@127.0.0.1:1/db cannot be reached')
    expect(server.output.stderr).not.toContain('hunter2')
  })

  it('list every wrong setting and start nothing', async () => {
    const server = start(['--slots', '0', '--lease', 'x'])
    expect((await server.ended).code).toBe(2)
    expect(server.output.stderr).toMatch(/--slots is "0".*\n.*--lease is "x"/)
    expect(data.postmasterPid()).toBeUndefined()
  })
})
