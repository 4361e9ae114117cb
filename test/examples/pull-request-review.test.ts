import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient, type Client as SocketClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type CliProcess, framesOf, spawnCli, spawnCliInTerminal } from '../support/cli-process.ts'
import { type DataFolder, makeDataFolder } from '../support/data-folder.ts'
import { branchedCheckout } from '../support/git-checkout.ts'
import { github } from '../support/github-contract.ts'
import { openReceiver } from '../support/receiver.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const example = fileURLToPath(new URL('../../examples/pull-request-review.ts', import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0
/** GitHub, as far as it is asked. */
const outside = await openReceiver()

let data: DataFolder
let server: ServerProcess
let socket: SocketClient

beforeAll(async () => {
  data = await makeDataFolder()
})
afterAll(async () => {
  await socket?.dispose()
  server?.kill('SIGTERM')
  await server?.ended
  await data?.remove()
})

const BASE = {
  'src/cart.ts':
    'export function total(items: number[]) {\n  let sum = 0\n  for (const item of items) sum += item\n  return sum\n}\n',
  'src/untouched.ts': `export function worst(a: number) {\n${'  if (a > 1) a += 1\n'.repeat(40)}  return a\n}\n`,
  'tools/load.py': 'def load(path):\n    return open(path).read()\n',
}
const HEAD = {
  'src/cart.ts': `export function total(items: number[]) {\n  let sum = 0\n  for (const item of items) {\n${'    if (item > 1) sum += 1\n'.repeat(12)}    sum += item\n  }\n  return sum\n}\n`,
  'tools/load.py':
    'def load(path, strict=False):\n    if strict and not path:\n        raise ValueError\n    return open(path).read()\n',
  'src/half.ts': 'export function (\n',
  'README.md': '# Shop\n',
}

const EVENTS = `subscription ($after: Cursor) { events(after: $after) { ... on EventBatch { events { __typename
  ... on WorkflowRunEvent { runId seq } ... on StepEvent { stepPath } } } } }`
const UPDATES = `subscription ($id: ID!) { workflowRunUpdated(id: $id) { seq status graph { nodes { id status } } } }`

interface Update {
  readonly seq: number
  readonly status: string
  readonly steps: Readonly<Record<string, string>>
}
interface RunEvent {
  readonly __typename: string
  readonly runId?: string
  readonly seq: number
  readonly stepPath?: string
}

/** What a subscription sends, as it comes. */
function collect<T>(
  query: string,
  variables: Record<string, unknown>,
): { readonly all: T[]; readonly ended: Promise<void> } {
  const all: T[] = []
  const ended = (async () => {
    for await (const { data: answer, errors } of socket.iterate<T>({ query, variables })) {
      if (errors !== undefined) throw new Error(JSON.stringify(errors))
      all.push(answer!)
    }
  })()
  ended.catch(() => undefined)
  return { all, ended }
}

/** Each state once, as long as it lasts. */
function withoutRepeats<T>(states: readonly T[]): T[] {
  return states.filter((state, at) => JSON.stringify(state) !== JSON.stringify(states[at - 1]))
}

const STATUS_AFTER: Readonly<Record<string, string>> = {
  StepStarted: 'RUNNING',
  ApprovalRequested: 'WAITING',
  StepCompleted: 'COMPLETED',
}

test.runIf(hasPython)(
  'the template reviews a real checkout, watched by a terminal, a pipe and a client of the graph at the same time',
  async () => {
    const { folder, git } = await branchedCheckout(BASE, HEAD)
    server = spawnServer({
      TASK_MGMT_DATA_DIR: data.path,
      TASK_MGMT_ALLOWED_ROOTS: folder,
      TASK_MGMT_WEBHOOK_PRIVATE_HOSTS: '127.0.0.1',
    })
    const url = await server.ready
    const env = { TASK_MGMT_URL: url }
    const ask = async (query: string) => {
      const body = JSON.stringify({ query })
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
      return ((await answer.json()) as { data: any }).data
    }
    const succeed = async (...argv: string[]): Promise<string> => {
      const { ended, output } = spawnCli(argv, env)
      expect([(await ended).code, output.stderr]).toEqual([0, ''])
      return output.stdout
    }

    const definition = join(data.path, 'review.json')
    const parameters = { githubApi: outside.url, maxComplexity: 10 }
    const made = await promisify(execFile)(process.execPath, [example, JSON.stringify(parameters)])
    await writeFile(definition, made.stdout)
    expect(await succeed('workflow', 'create', '--file', definition)).toMatch(/^Created pull-request-review v1 /)

    // No worker takes anything before everybody watches.
    await succeed('queue', 'pause', '--all')
    socket = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 })
    const { cursor } = (await ask('{ events(first: 100) { cursor } }')).events
    const events = collect<{ events: { events?: RunEvent[] } }>(EVENTS, { after: cursor })
    const input = { path: folder, base: 'main', repository: 'acme/shop', number: 7 }
    const terminal = spawnCliInTerminal(
      ['workflow', 'execute', 'pull-request-review', '--input', JSON.stringify(input), '--watch'],
      env,
    )
    await terminal.shows(/RUNNING analyse/)
    const id = /run_\w{26}/.exec(terminal.output.stdout)![0]
    const pipe = spawnCli(['workflow', 'status', id, '--watch'], env)
    const watching = collect<{
      workflowRunUpdated: Omit<Update, 'steps'> & { graph: { nodes: { id: string; status: string }[] } }
    }>(UPDATES, { id })
    const updates = (): Update[] =>
      watching.all.map(({ workflowRunUpdated: { seq, status, graph } }) => ({
        seq,
        status,
        steps: Object.fromEntries(graph.nodes.map((node) => [node.id, node.status])),
      }))
    const allSee = async (step: string, status: string): Promise<void> => {
      await terminal.shows(new RegExp(`${status} ${step}`))
      await pipe.shows(new RegExp(`${status} ${step}`))
      await until(() => updates().at(-1)?.steps[step] === status, 20_000)
    }
    await allSee('analyse', 'RUNNING')
    expect(await succeed('workflow', 'status', id)).toContain('waits: The task of analyse')
    await succeed('queue', 'resume', '--all')

    await allSee('approve', 'WAITING')
    await until(() => /Answer it: .* approve approval_\w{26}/.test(pipe.output.stdout))
    const [, approval] = /approve (approval_\w{26})/.exec(pipe.output.stdout)!
    expect(pipe.output.stdout).toContain(
      'acme/shop#7: 4 files changed, +20 −2 lines, 2 functions touched; 1 too complex, 1 not parsing. Comment on it?',
    )
    // GitHub takes its time until everybody has seen that it is asked.
    const seen = Promise.withResolvers<void>()
    outside.answer = (request, response) => void seen.promise.then(() => github(request, response))
    expect(await succeed('workflow', 'approve', approval!, '--comment', 'fine')).toMatch(
      /APPROVED, its run run_\w+ RUNNING/,
    )
    await allSee('comment', 'RUNNING')
    seen.resolve()

    for (const watcher of [terminal, pipe] satisfies CliProcess[]) expect((await watcher.ended).code).toBe(0)
    await watching.ended
    await until(() => eventsOfRun().some(({ __typename }) => __typename === 'WorkflowRunCompleted'))

    const statuses = [
      { analyse: 'RUNNING', approve: 'PENDING', comment: 'PENDING' },
      { analyse: 'COMPLETED', approve: 'WAITING', comment: 'PENDING' },
      { analyse: 'COMPLETED', approve: 'COMPLETED', comment: 'RUNNING' },
      { analyse: 'COMPLETED', approve: 'COMPLETED', comment: 'COMPLETED' },
    ]
    const runStatuses = ['RUNNING', 'WAITING', 'RUNNING', 'COMPLETED']

    // The client of the graph: every status in order, numbers that only grow, and each state what the events up to its number make.
    expect(withoutRepeats(updates().map(({ steps }) => steps))).toEqual(statuses)
    expect(withoutRepeats(updates().map(({ status }) => status))).toEqual(runStatuses)
    const numbers = updates().map(({ seq }) => seq)
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
    expect(eventsOfRun().map(({ seq }) => seq)).toEqual(eventsOfRun().map((_, at) => at + 1))
    for (const { seq, steps } of updates()) expect([seq, stepsAfter(seq)]).toEqual([seq, steps])

    // The terminal: one tree, drawn over itself.
    const frames = framesOf(terminal)
    const trees = frames.map((lines) => lines.filter((line) => /^[├└]─ /.test(line)))
    expect(withoutRepeats(trees.map((lines) => Object.fromEntries(lines.map(stepOfLine))))).toEqual(statuses)
    expect(withoutRepeats(frames.map(([first]) => / (RUNNING|WAITING|COMPLETED)\b/.exec(first!)![1]))).toEqual(
      runStatuses,
    )
    expect(trees.at(-1)).toEqual([
      expect.stringMatching(/^├─ COMPLETED analyse task \([^;]+s\)$/),
      expect.stringMatching(/^├─ COMPLETED approve approval \([^;]+s; after analyse\)$/),
      expect.stringMatching(/^└─ COMPLETED comment webhook \([^;]+s; after approve\)$/),
    ])
    const asked = frames.filter((lines) => lines.some((line) => line.includes(`workflow approve ${approval}`)))
    expect(asked.length).toBeGreaterThan(0)
    // The pipe: a line for each.
    expect(pipe.output.stdout.split('\n').filter((line) => /^[A-Z]+ \w+$/.test(line))).toEqual([
      'RUNNING analyse',
      'COMPLETED analyse',
      'WAITING approve',
      'COMPLETED approve',
      'RUNNING comment',
      'COMPLETED comment',
    ])

    // What came of it: findings of the change, and only of that.
    const { output } = (await ask(`{ workflowRun(id: "${id}") { output } }`)).workflowRun
    expect(output).toMatchObject({
      commits: { base: await git('rev-parse', 'main'), head: await git('rev-parse', 'feature') },
      totals: { files: 4, addedLines: 20, deletedLines: 2, functions: 2 },
      files: [
        { path: 'README.md', isAnalysed: false },
        { path: 'src/cart.ts', kind: 'MODIFIED', addedLines: 15, deletedLines: 1, functions: 1, complexity: 14 },
        { path: 'src/half.ts', kind: 'ADDED', functions: 0 },
        { path: 'tools/load.py', addedLines: 3, deletedLines: 1, functions: 1, complexity: 3 },
      ],
      findings: {
        complexFunctions: [{ path: 'src/cart.ts', qualifiedName: 'total', startLine: 1, complexity: 14 }],
        syntaxErrors: [{ path: 'src/half.ts', line: 1 }],
      },
      comment: 'https://github.test/acme/shop/issues/7/comments/1',
    })
    expect(outside.received).toHaveLength(1)
    expect(JSON.parse(outside.received[0]!.body).body).toContain('- `src/cart.ts:1` total, complexity 14')

    function eventsOfRun(): RunEvent[] {
      return events.all.flatMap((batch) => batch.events.events ?? []).filter(({ runId }) => runId === id)
    }
    function stepsAfter(seq: number): Record<string, string> {
      const steps: Record<string, string> = { analyse: 'PENDING', approve: 'PENDING', comment: 'PENDING' }
      for (const event of eventsOfRun()) {
        const status = STATUS_AFTER[event.__typename]
        if (event.seq <= seq && status !== undefined) steps[event.stepPath!] = status
      }
      return steps
    }
  },
  120_000,
)

function stepOfLine(line: string): [step: string, status: string] {
  const [, status, step] = /^[├└]─ (\w+) (\w+)/.exec(line)!
  return [step!, status!]
}
