import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import type { WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import { rssMbOf } from '../rss.ts'

const MAIN = new URL('../../src/process/main.ts', import.meta.url).pathname
const HANDLERS = new URL('../noop-handlers.ts', import.meta.url).pathname

/** A server of its own process, all roles, with a handler that does nothing. */
export interface Server {
  readonly pid: number
  readonly client: Client
  define(definition: WorkflowDefinition): Promise<void>
  /** @returns id of the run, as the graph has it */
  start(workflow: string, input?: object): Promise<string>
}

/** Serves a database while `use` goes on. */
export async function serving<T>(
  url: string,
  { slots }: { readonly slots: number },
  use: (server: Server) => Promise<T>,
): Promise<T> {
  const port = 4_700 + Math.floor(Math.random() * 200)
  const settings = { port, 'database-url': url, handlers: HANDLERS, slots, 'log-level': 'error' }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn(process.execPath, [MAIN, 'serve', ...flags], { stdio: ['ignore', 'ignore', 'inherit'] })
  const client = createClient({ url: `http://127.0.0.1:${port}/graphql` })
  try {
    await untilReady(`http://127.0.0.1:${port}/health`, () => server.exitCode === null)
    return await use({
      pid: server.pid!,
      client,
      async define(definition) {
        unwrap(await client.createWorkflow({ input: { definition } }))
      },
      async start(workflow, input = {}) {
        return unwrap(await client.executeWorkflow({ input: { workflow, input } })).run.id
      },
    })
  } finally {
    client.close()
    if (server.exitCode === null) {
      server.kill('SIGTERM')
      await once(server, 'exit')
    }
  }
}

async function untilReady(url: string, isAlive: () => boolean): Promise<void> {
  while (isAlive()) {
    const response = await fetch(url).catch(() => null)
    if (response?.ok) return
    await delay(50)
  }
  throw new Error('The server has ended before it was ready')
}

const SAMPLE_MS = 100

/** Watches the memory of a process until it is stopped. @returns stops it: the largest resident memory seen, in MiB */
export function watchRss(pid: number): () => Promise<number> {
  let peak = 0
  const sample = async (): Promise<void> => {
    peak = Math.max(peak, await rssMbOf(pid))
  }
  const timer = setInterval(() => void sample(), SAMPLE_MS)
  return async () => {
    clearInterval(timer)
    await sample()
    return peak
  }
}

/** A chain of tasks that do nothing. */
export function chainOf(name: string, length: number): WorkflowDefinition {
  const ids = Array.from({ length }, (_, place) => `s${place + 1}`)
  return {
    name,
    steps: ids.map((id, place) => ({
      id,
      type: 'TASK' as const,
      task: 'noop',
      ...(place > 0 && { after: [ids[place - 1]!] }),
    })),
  }
}
