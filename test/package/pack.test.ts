import { readFile, writeFile } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DataFolder, makeDataFolder } from '../support/data-folder.ts'
import { type InstalledPackage, installPackage } from '../support/installed-package.ts'
import { spawnProgram } from '../support/server-process.ts'
import { isPidAlive } from '../support/until.ts'

const require = createRequire(import.meta.url)
const modules = dirname(dirname(require.resolve('typescript/package.json')))

const CLIENT = `
import { createClient, unwrap } from 'task-mgmt/sdk'

export async function analyse(url: string): Promise<string> {
  const client = createClient({ url })
  const { task } = unwrap(await client.createTask({ input: { name: 'Analysis', type: 'code_analysis', input: { path: '.' } } }))
  for await (const { task: { status, output, error } } of client.watchTask(task.id)) {
    if (status === 'COMPLETED') return JSON.stringify(output)
    if (status === 'FAILED') throw new Error(error?.message)
  }
  throw new Error('the feed ended early')
}
`

const HANDLERS = `
import { enqueue, type PrismaTransaction } from 'task-mgmt/enqueue'
import { defineTaskType, startServer, TaskFailure, type RunningServer, type TaskHandler } from 'task-mgmt'

const handler: TaskHandler<{ readonly name: string }, string> = ({ input }, { log }) => {
  if (input.name === '') throw new TaskFailure('NO_NAME', 'There is nobody to greet', { retryable: false })
  log('info', 'greeting')
  return \`Hello, \${input.name}\`
}
const greet = defineTaskType<{ readonly name: string }, string>({ name: 'greet', handler })
export const greetLater = (tx: PrismaTransaction): Promise<string> => enqueue(tx, { name: 'Later', type: 'greet', input: { name: 'Ada' } })
export const start = (settings: Record<string, string>): Promise<RunningServer> => startServer({ handlers: [greet], settings })
`

const WORKER = `
import { createWorker } from 'task-mgmt/worker'
import { z } from 'zod'

export async function work(url: string): Promise<void> {
  const worker = createWorker({ url, onLog: () => undefined })
  worker.handle('shout', { input: z.object({ text: z.string() }), output: z.string() }, ({ input }) => input.text.toUpperCase())
  worker.handle<{ readonly n: number }, number>('double', { input: { type: 'object' } }, ({ input }) => input.n * 2)
  worker.handle('threaded', { file: new URL('./threaded.ts', import.meta.url) })
  await worker.start()
  await worker.ended
}
`

const THREADED = `
import type { HandledTask } from 'task-mgmt/worker'
export const handler = ({ input }: HandledTask<{ readonly n: number }>): number => input.n + 1
`

let installed: InstalledPackage
let data: DataFolder

beforeAll(async () => {
  installed = await installPackage()
  data = await makeDataFolder()
  await writeFile(join(installed.folder, 'client.ts'), CLIENT)
  await writeFile(join(installed.folder, 'server.ts'), HANDLERS)
  await writeFile(join(installed.folder, 'worker.ts'), WORKER)
  await writeFile(join(installed.folder, 'threaded.ts'), THREADED)
}, 300_000)
afterAll(async () => {
  await data?.remove()
  await installed?.remove()
})

describe('the package', () => {
  it('holds what runs and nothing else, in less than a megabyte', () => {
    expect(installed.files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'bin/task-mgmt.js',
        'dist/index.d.ts',
        'dist/sdk/sdk.js',
        'schema.graphql',
        'workflow.schema.json',
      ]),
    )
    const strange = installed.files.filter(
      (file) => !/^(dist|prisma\/migrations)\/|^[A-Za-z.]+\.(md|json|graphql)$/.test(file),
    )
    expect(strange.sort()).toEqual(['LICENSE', 'bin/task-mgmt.js'])
    expect(installed.packedBytes).toBeLessThan(1_000_000)
  })

  it('answers npx task-mgmt --version and --help', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    const run = async (...argv: string[]) => (await installed.run('npx', ['--no-install', 'task-mgmt', ...argv])).stdout
    expect((await run('--version')).trim()).toBe(version)
    expect(await run('--help')).toContain('task-mgmt task create')
    expect(await run('serve', '--help')).toContain('--data-dir')
  })

  it('serves, runs a task that its SDK makes and watches, and stops leaving nothing running', async () => {
    const server = spawnProgram([join(installed.folder, 'node_modules/.bin/task-mgmt'), 'serve'], {
      folder: installed.folder,
      env: { TASK_MGMT_DATA_DIR: data.path },
    })
    const url = await server.ready
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    const script = `const { analyse } = await import('./client.ts'); console.log(await analyse('${url}/graphql'))`
    const { stdout } = await installed.run(process.execPath, ['--input-type=module', '--eval', script])
    expect(JSON.parse(stdout)).toMatchObject({ totals: { files: 4, functions: expect.any(Number) } })
    const postmaster = data.postmasterPid()!
    server.kill('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(isPidAlive(postmaster)).toBe(false)
  })

  it('starts a server with task types of one’s own in the caller’s process', async () => {
    const script = `
      const [{ start }, { createClient }] = await Promise.all([import('./server.ts'), import('task-mgmt/sdk')])
      const server = await start({ PORT: '0', TASK_MGMT_DATA_DIR: ${JSON.stringify(data.path)}, TASK_MGMT_LOG_LEVEL: 'warn' })
      const client = createClient({ url: server.url + '/graphql' })
      const { status, output } = await client.runTask({ name: 'Greeting', type: 'greet', input: { name: 'Ada' } })
      client.close()
      await server.stop()
      console.log(JSON.stringify({ status, output }))`
    const { stdout } = await installed.run(process.execPath, ['--input-type=module', '--eval', script])
    expect(JSON.parse(stdout)).toEqual({ status: 'COMPLETED', output: 'Hello, Ada' })
  })
})

describe('its worker', () => {
  it('serves types from a process of its own, in a thread too, and loads nothing of the server', async () => {
    const server = spawnProgram([join(installed.folder, 'node_modules/.bin/task-mgmt'), 'serve'], {
      folder: installed.folder,
      env: { TASK_MGMT_DATA_DIR: data.path },
    })
    const url = await server.ready
    try {
      const script = `
        const { registerHooks } = await import('node:module')
        const loaded = []
        registerHooks({ resolve: (name, context, next) => { loaded.push(name); return next(name, context) } })
        const { work } = await import('./worker.ts')
        const { createClient } = await import('task-mgmt/sdk')
        const client = createClient({ url: '${url}/graphql' })
        const working = work('${url}/graphql')
        const run = async (type, input) => {
          while ((await client.getTaskType({ name: type })) === null) await new Promise((resolve) => setTimeout(resolve, 50))
          return (await client.runTask({ name: type, type, input })).output
        }
        const outputs = [await run('shout', { text: 'a' }), await run('double', { n: 2 }), await run('threaded', { n: 3 })]
        client.close()
        process.kill(process.pid, 'SIGTERM')
        await working
        console.log(JSON.stringify({ outputs, strange: loaded.filter((name) => /^(pg|ioredis|graphql|@prisma|@pothos)/.test(name)) }))`
      const { stdout } = await installed.run(process.execPath, ['--input-type=module', '--eval', script])
      expect(JSON.parse(stdout)).toEqual({ outputs: ['A', 4, 4], strange: [] })
    } finally {
      server.kill('SIGTERM')
      await server.ended
    }
  })
})

describe('its types', () => {
  const check = async (options: object, files: readonly string[]) => {
    const strict = { strict: true, noEmit: true, skipLibCheck: false, target: 'es2024' }
    const config = { compilerOptions: { ...strict, ...options }, files }
    await writeFile(join(installed.folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(modules, 'typescript', 'bin', 'tsc')
    const result = await installed.run(process.execPath, [compiler, '-p', '.']).catch((failure) => failure)
    return `${result.stdout}${result.stderr}`
  }

  it('check strictly in Node, library files included', async () => {
    const node = {
      module: 'nodenext',
      lib: ['es2024', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [join(modules, '@types')],
    }
    expect(await check(node, ['client.ts', 'server.ts', 'worker.ts', 'threaded.ts'])).toBe('')
  })

  it('of the SDK check strictly in a browser, without those of Node', async () => {
    const browser = { module: 'esnext', moduleResolution: 'bundler', lib: ['es2024', 'dom'], types: [] }
    expect(await check(browser, ['client.ts'])).toBe('')
  })

  it('find a mistake', async () => {
    await writeFile(join(installed.folder, 'wrong.ts'), CLIENT.replace('task.id', 'task.nr'))
    const browser = { module: 'esnext', moduleResolution: 'bundler', lib: ['es2024', 'dom'], types: [] }
    expect(await check(browser, ['wrong.ts'])).toContain('TS2339')
  })
})

it('the SDK bundles for browsers into one file without any module of Node', async () => {
  const bundle = (await build({
    root: installed.folder,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      lib: { entry: join(installed.folder, 'client.ts'), formats: ['es'] },
      rolldownOptions: { platform: 'browser' },
    },
  })) as Rolldown.RolldownOutput[]
  const chunks = bundle.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  expect(chunks).toHaveLength(1)
  const [{ imports, dynamicImports, moduleIds, code }] = chunks as [Rolldown.OutputChunk]
  expect([...imports, ...dynamicImports]).toEqual([])
  expect(moduleIds.filter((id) => isBuiltin(id) || /browser-external|commonjs/.test(id))).toEqual([])
  expect(moduleIds.some((id) => id.includes('task-mgmt/dist/sdk/client.js'))).toBe(true)
  expect(code.length).toBeLessThan(100_000)
})
