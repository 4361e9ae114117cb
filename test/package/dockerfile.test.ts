import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, NetworkError } from '../../src/sdk/sdk.ts'
import { type BuiltImage, buildImage, obstacle } from '../support/built-image.ts'
import { parseDockerfile } from '../support/dockerfile.ts'
import { freePort } from '../support/free-port.ts'
import { spawnProgram } from '../support/server-process.ts'
import { isFullSize } from '../support/size.ts'

const isWanted = isFullSize || process.env.DOCKERFILE_STEPS !== undefined
const why = isWanted ? obstacle() : 'run .ci/dockerfile-steps'

describe('the Dockerfile', () => {
  it('ends as a user of its own, with a health check, a volume and a way to stop', () => {
    const stage = parseDockerfile(readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')).at(-1)!
    expect(stage.settings).toEqual({ USER: '10001:10001', VOLUME: '/data', EXPOSE: '4000', STOPSIGNAL: 'SIGTERM' })
    expect(stage.env).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0', TASK_MGMT_DATA_DIR: '/data' })
    expect(stage.healthcheck[0]).toBe('node')
    expect([...stage.entrypoint, ...stage.cmd]).toEqual(['node', '/app/bin/task-mgmt.js', 'serve'])
  })
})

describe.runIf(isWanted)(why === null ? 'its steps, run without an engine' : `its steps (not here: ${why})`, () => {
  let image: BuiltImage
  beforeAll(() => {
    if (why !== null) throw new Error(why)
    image = buildImage()
  }, 600_000)
  afterAll(() => image?.remove())

  it('hold no development dependency, no source and no test', () => {
    const look = (...argv: string[]) =>
      spawnSync(argv[0]!, argv.slice(1), { cwd: `${image.files}/app`, encoding: 'utf8' })
    expect(look('ls', '-A').stdout.split('\n').filter(Boolean).sort()).toEqual(
      ['LICENSE', 'bin', 'dist', 'node_modules', 'package.json', 'prisma', 'schema.graphql'].sort(),
    )
    expect(look('ls', 'node_modules').stdout).not.toMatch(/^(typescript|vitest|prisma|vite|node)$/m)
    const megabytes = Number(look('du', '-sm', '.').stdout.split('\t')[0])
    console.log(`The image's own layers hold ${megabytes} MB.`)
    expect(megabytes).toBeLessThan(250)
  })

  it('refuse to serve everybody without a key, and say how to make one', () => {
    const [program, ...argv] = start({})
    const { status, stderr } = spawnSync(program, argv, { encoding: 'utf8' })
    expect(stderr).toContain('task-mgmt key create')
    expect(status).toBe(1)
  })

  it('serve as uid 10001, are healthy, run a task for who has the key, and stop in order', async () => {
    const PORT = String(await freePort())
    const key = `tmk_${randomBytes(32).toString('base64url')}`
    const settings = { PORT, TASK_MGMT_INITIAL_KEY: key, TASK_MGMT_ALLOWED_ROOTS: '/app/dist' }
    const statusOf = ([program, ...argv]: [string, ...string[]]) => spawnSync(program, argv).status
    expect(statusOf(image.command(image.stage.healthcheck, settings))).toBe(1)
    const server = spawnProgram(start(settings), { env: {} })
    await server.ready
    expect(statusOf(image.inside(server.pid, image.stage.healthcheck, settings))).toBe(0)
    const uids = /^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]?.split('\t')
    expect(new Set(uids)).toEqual(new Set(['10001']))

    const url = `http://127.0.0.1:${PORT}/graphql`
    const input = { name: 'Analysis', type: 'code_analysis', input: { path: '/app/dist' } }
    await expect(createClient({ url }).runTask(input)).rejects.not.toBeInstanceOf(NetworkError)
    const client = createClient({ url, apiKey: key })
    expect(await client.runTask(input)).toMatchObject({ status: 'COMPLETED' })
    client.close()

    server.kill('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })

  function start(env: Record<string, string>): [string, ...string[]] {
    return image.command([...image.stage.entrypoint, ...image.stage.cmd], env)
  }
})
