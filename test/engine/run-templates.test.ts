import { buildSchema, graphql } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { decideApproval } from '../../src/engine/decide-approval.ts'
import { startRun } from '../../src/engine/start-run.ts'
import { codeAnalysis } from '../../src/integration/graph-sitter/code-analysis.ts'
import { createAddressGuard } from '../../src/integration/webhook/address-guard.ts'
import { createSender } from '../../src/integration/webhook/send-request.ts'
import { webhookRequest } from '../../src/integration/webhook/webhook-request.ts'
import type { JsonValue } from '../../src/task/json.ts'
import { defineTaskType } from '../../src/worker/define-task-type.ts'
import { TaskFailure } from '../../src/worker/handler.ts'
import { instantiate } from '../../src/workflow/template/templates.ts'
import { temporaryFolder } from '../integration/graph-sitter/temporary-folder.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR } from '../support/engine.ts'
import { branchedCheckout } from '../support/git-checkout.ts'
import { github } from '../support/github-contract.ts'
import { type Answer, answerJson, openReceiver, type Received } from '../support/receiver.ts'
import { runWorker, type TestWorker } from '../support/run-worker.ts'
import { until } from '../support/until.ts'
import { refuseMessage } from '../support/verify-standard-webhook.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const outside = await openReceiver()
let database: TestDatabase
let worker: TestWorker
/** What workers of users do, by task type, for the test that runs. */
let handlers: Record<string, (input: Record<string, JsonValue>) => JsonValue>
let asked: [type: string, input: Record<string, JsonValue>][]

const USERS_TYPES = [
  'code_generation',
  'code_review',
  'testing',
  'deployment',
  'monitoring',
  'integration_task',
  'evaluation_task',
  'custom',
]

beforeAll(async () => {
  database = await freshDatabase({ size: 16 })
  const send = createSender(createAddressGuard({ allowedHosts: ['127.0.0.1'] }))
  worker = await runWorker(
    database.pool,
    [
      defineTaskType(codeAnalysis({ allowedRoots: ['/'] })),
      defineTaskType(webhookRequest({ send, secrets: { ops: [SECRET] } })),
      ...USERS_TYPES.map((name) => ({
        name,
        handler: ({ input }: { input: JsonValue }) => {
          asked.push([name, input as Record<string, JsonValue>])
          return handlers[name]!(input as Record<string, JsonValue>)
        },
      })),
    ],
    { slots: 20, pollMs: 200 },
  )
})
beforeEach(() => {
  handlers = {}
  asked = []
})
afterAll(async () => {
  await worker.executor.stop(0)
  expect(worker.errors).toEqual([])
  await database.drop()
})

interface Run {
  readonly id: string
  read(): Promise<{ status: string; output: JsonValue; error: { code: string } | null }>
  /** Steps it until this is so, by default until it is over. */
  until(status?: string): Promise<Awaited<ReturnType<Run['read']>>>
  steps(): Promise<Record<string, string>>
}

async function start(template: string, parameters: Record<string, JsonValue>, input: JsonValue): Promise<Run> {
  const made = instantiate(template, { ...parameters, name: `${template}-${asked.length}-${Date.now()}` })
  if (!made.ok) throw new Error(JSON.stringify(made.problems))
  await createWorkflow(worker.engine, ACTOR, { definition: made.definition })
  const started = await startRun(worker.engine, ACTOR, { workflow: made.definition.name, input })
  if (!started.ok) throw new Error(JSON.stringify(started.refusal))
  const { runId } = started.value
  const read: Run['read'] = async () =>
    (await database.pool.query('SELECT status, output, error FROM workflow_run WHERE id = $1', [runId])).rows[0]
  return {
    id: runId,
    read,
    async until(status) {
      const isSo = (now: string) => (status === undefined ? /COMPLETED|FAILED|CANCELLED/.test(now) : now === status)
      await until(async () => {
        await advanceRuns(worker.engine)
        return isSo((await read()).status)
      })
      return read()
    },
    async steps() {
      const { rows } = await database.pool.query('SELECT path, status FROM step_run WHERE run_id = $1', [runId])
      return Object.fromEntries(rows.map(({ path, status }) => [path, status]))
    },
  }
}

const typesAsked = () => asked.map(([type]) => type)

const bodyOf = ({ body }: Received) => JSON.parse(body)

const CODE = {
  'src/tangle.ts': `export function tangle(a: number) {\n${'  if (a > 1) a += 1\n'.repeat(20)}  return a\n}\n`,
  'src/plain.ts': 'export const plain = () => 1\n',
  'src/broken.ts': 'export function (\n',
}
const work = (path: string, more: Record<string, JsonValue>) => ({
  repository: 'acme/shop',
  path,
  branch: 'feature/cart',
  base: 'main',
  ...more,
})

describe('feature-implementation', () => {
  it('analyses, implements until the tests pass, and opens a pull request', async () => {
    outside.answer = github
    handlers = {
      code_generation: ({ tests }) => ({ commits: tests === null ? 1 : 2 }),
      testing: () => ({ passed: typesAsked().filter((type) => type === 'testing').length === 2, failures: ['cart'] }),
    }
    const folder = await temporaryFolder(CODE)
    const run = await start('feature-implementation', { githubApi: outside.url }, work(folder, { feature: 'A cart' }))
    expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { number: 12, tests: { passed: true } } })
    expect(typesAsked()).toEqual(['code_generation', 'testing', 'code_generation', 'testing'])
    expect(asked[0]![1]).toMatchObject({ feature: 'A cart', tests: null, analysis: { totals: { files: 3 } } })
    expect(asked[2]![1]).toMatchObject({ tests: { passed: false, failures: ['cart'] } })
    const [request] = outside.received
    expect(request!.url).toBe('/repos/acme/shop/pulls')
    expect(bodyOf(request!)).toMatchObject({ head: 'feature/cart', base: 'main', body: 'A cart' })
  })

  it('asks before the pull request where it should, and opens none when the tests never pass', async () => {
    outside.answer = github
    handlers = { code_generation: () => null, testing: () => ({ passed: true }) }
    const folder = await temporaryFolder(CODE)
    const input = work(folder, { feature: 'A cart' })
    const run = await start('feature-implementation', { githubApi: outside.url, approver: 'OPERATOR' }, input)
    await run.until('WAITING')
    expect(outside.received).toEqual([])
    const { rows } = await database.pool.query('SELECT id FROM approval WHERE run_id = $1', [run.id])
    const approver = { ...ACTOR, name: 'ada', role: 'OPERATOR' } as const
    expect(await decideApproval(worker.engine, approver, { approvalId: rows[0].id, approved: true })).toMatchObject({
      ok: true,
    })
    expect((await run.until()).status).toBe('COMPLETED')
    expect(outside.received).toHaveLength(1)

    handlers.testing = () => ({ passed: false })
    const failing = await start('feature-implementation', { githubApi: outside.url, maxRounds: 2 }, input)
    expect(await failing.until()).toMatchObject({ status: 'FAILED', error: { code: 'LOOP_LIMIT' } })
    expect(outside.received).toHaveLength(1)
  })
})

it('bug-fix looks for the cause, fixes it, tests, and opens a pull request', async () => {
  outside.answer = github
  handlers = {
    code_review: () => ({ cause: 'an index too many' }),
    code_generation: () => ({ commits: 1 }),
    testing: () => ({ passed: true }),
  }
  const folder = await temporaryFolder(CODE)
  const run = await start('bug-fix', { githubApi: outside.url }, work(folder, { report: 'The cart is empty' }))
  expect(await run.until()).toMatchObject({
    status: 'COMPLETED',
    output: { number: 12, cause: { cause: 'an index too many' } },
  })
  expect(typesAsked()).toEqual(['code_review', 'code_generation', 'testing'])
  expect(asked[1]![1]).toMatchObject({ report: 'The cart is empty', cause: { cause: 'an index too many' } })
  expect(asked[2]![1]).toMatchObject({ kind: 'regression', branch: 'feature/cart' })
})

describe('ci-cd-pipeline', () => {
  const input = { repository: 'acme/shop', ref: 'v7' }
  beforeEach(() => {
    handlers = {
      custom: () => ({ image: 'shop:7' }),
      testing: ({ kind }) => ({ kind: kind! }),
      deployment: ({ action, environment }) => ({ action: action!, environment: environment! }),
      monitoring: () => ({ healthy: true }),
    }
  })

  it('builds, checks, deploys, asks, and deploys again', async () => {
    const run = await start('ci-cd-pipeline', {}, input)
    await run.until('WAITING')
    expect(asked.filter(([type]) => type === 'deployment')).toHaveLength(1)
    const { rows } = await database.pool.query('SELECT id, message FROM approval WHERE run_id = $1', [run.id])
    expect(rows[0].message).toBe('Deploy v7 of acme/shop to production?')
    const approver = { ...ACTOR, name: 'ada', role: 'ADMIN' } as const
    await decideApproval(worker.engine, approver, { approvalId: rows[0].id, approved: true })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: {
        artifact: { image: 'shop:7' },
        checks: { check_lint: { kind: 'lint' }, check_unit: { kind: 'unit' }, check_security: { kind: 'security' } },
        released: { staging: { healthy: true }, production: { healthy: true } },
      },
    })
    expect(typesAsked()[0]).toBe('custom')
    expect(typesAsked().slice(1, 4)).toEqual(['testing', 'testing', 'testing'])
  })

  it('rolls back the environment where it does not work, and no other', async () => {
    handlers.monitoring = ({ environment }) => {
      if (environment === 'staging') return { healthy: true }
      throw new TaskFailure('UNHEALTHY', 'no answer', { retryable: false })
    }
    const run = await start('ci-cd-pipeline', { approver: null, checks: ['unit'] }, input)
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'UNHEALTHY' } })
    expect(
      asked.filter(([type]) => type === 'deployment').map(([, { action, environment }]) => [action, environment]),
    ).toEqual([
      ['deploy', 'staging'],
      ['deploy', 'production'],
      ['roll_back', 'production'],
    ])
  })

  it('deploys nothing that did not pass a check', async () => {
    handlers.testing = ({ kind }) => {
      if (kind !== 'security') return null
      throw new TaskFailure('VULNERABLE', 'a known hole', { retryable: false })
    }
    const run = await start('ci-cd-pipeline', {}, input)
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'VULNERABLE' } })
    expect(typesAsked()).not.toContain('deployment')
  })
})

describe('data-processing', () => {
  beforeEach(() => {
    handlers = {
      integration_task: ({ action, batches }): JsonValue =>
        action === 'extract' ? { batches: [[1], [2], [3]] } : { action: action!, batches: batches ?? null },
      custom: ({ batch }) => {
        const [first] = batch as number[]
        if (first === 2) throw new TaskFailure('BAD_BATCH', 'not numbers', { retryable: false })
        return first! * 10
      },
      evaluation_task: () => ({ score: 90 }),
    }
  })

  it('extracts, transforms each batch, loads them in order and evaluates', async () => {
    const run = await start('data-processing', { tolerateFailures: 1 }, { source: 'orders', target: 'warehouse' })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: { batches: 3, failed: 1, loaded: { batches: [10, 30] }, evaluation: { score: 90 } },
    })
  })

  it('loads nothing when too many batches fail, and takes out what is found wrong', async () => {
    const failing = await start('data-processing', {}, { source: 'orders', target: 'warehouse' })
    expect(await failing.until()).toMatchObject({ status: 'FAILED', error: { code: 'BAD_BATCH' } })
    expect(asked.filter(([, { action }]) => action === 'load')).toEqual([])
    handlers.evaluation_task = () => {
      throw new TaskFailure('WRONG', 'sums differ', { retryable: false })
    }
    const undone = await start('data-processing', { tolerateFailures: 1 }, { source: 'orders', target: 'warehouse' })
    expect(await undone.until()).toMatchObject({ status: 'FAILED', error: { code: 'WRONG' } })
    expect(asked.at(-1)).toMatchObject(['integration_task', { action: 'unload', loaded: { batches: [10, 30] } }])
  })
})

it('code-review analyses a folder, tells what is complex and what does not parse, and has it looked at', async () => {
  handlers = { code_review: ({ complexFunctions }) => ({ seen: (complexFunctions as JsonValue[]).length }) }
  const folder = await temporaryFolder(CODE)
  const run = await start('code-review', { maxComplexity: 10 }, { path: folder })
  expect(await run.until()).toMatchObject({
    status: 'COMPLETED',
    output: {
      totals: { files: 3 },
      findings: {
        complexFunctions: [{ path: 'src/tangle.ts', qualifiedName: 'tangle', complexity: 21 }],
        syntaxErrors: [{ path: 'src/broken.ts' }],
      },
      review: { seen: 1 },
    },
  })
  const alone = await start('code-review', { asksReviewer: false }, { path: folder, include: ['src/plain.ts'] })
  expect(await alone.until()).toMatchObject({
    output: { totals: { files: 1 }, findings: { complexFunctions: [], syntaxErrors: [] } },
  })
})

describe('pull-request-review', () => {
  const about = { base: 'main', repository: 'acme/shop', number: 7 }

  it('analyses what changed in the checkout, has it looked at, and comments with what was found', async () => {
    outside.answer = github
    handlers = { code_review: () => ({ summary: 'Split `tangle`.' }) }
    const { folder, git } = await branchedCheckout({ 'src/untouched.ts': CODE['src/tangle.ts'], 'old.py': '' }, CODE)
    const run = await start('pull-request-review', { githubApi: outside.url }, { ...about, path: folder })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: {
        commits: { base: await git('rev-parse', 'main'), head: await git('rev-parse', 'feature') },
        totals: { files: 3, addedLines: 25, deletedLines: 0, functions: 2 },
        files: [
          { path: 'src/broken.ts', functions: 0 },
          { path: 'src/plain.ts', functions: 1, complexity: 1 },
          { path: 'src/tangle.ts', kind: 'ADDED', addedLines: 23, functions: 1, complexity: 21 },
        ],
        findings: {
          complexFunctions: [{ path: 'src/tangle.ts', qualifiedName: 'tangle', complexity: 21 }],
          syntaxErrors: [{ path: 'src/broken.ts' }],
        },
        comment: 'https://github.test/acme/shop/issues/7/comments/1',
        review: { summary: 'Split `tangle`.' },
      },
    })
    expect(asked[0]![1]).toMatchObject({
      about,
      complexFunctions: [{ qualifiedName: 'tangle' }],
      changes: { totals: { files: 3 } },
    })
    expect(outside.received).toHaveLength(1)
    const head = (await git('rev-parse', 'HEAD')).slice(0, 10)
    expect(bodyOf(outside.received[0]!).body.replace(head, 'HEAD')).toMatchInlineSnapshot(`
      "### Review of acme/shop#7

      3 files changed, +25 −0 lines, 2 functions touched, at HEAD.

      Too complex:
      - \`src/tangle.ts:1\` tangle, complexity 21

      Does not parse:
      - \`src/broken.ts:1\` Unexpected syntax at "export function ("

      | file | lines | functions touched | highest complexity |
      | --- | --- | --- | --- |
      | \`src/tangle.ts\` ADDED | +23 −0 | 1 | 21 |
      | \`src/broken.ts\` ADDED | +1 −0 | 0 | 0 |
      | \`src/plain.ts\` ADDED | +1 −0 | 1 | 1 |

      Split \`tangle\`."
    `)
  })

  it('asks before it comments where it should, and comments nothing when it is refused', async () => {
    const { folder } = await branchedCheckout({}, CODE)
    const parameters = { githubApi: outside.url, asksReviewer: false, approver: 'DEVELOPER' }
    const run = await start('pull-request-review', parameters, { ...about, path: folder })
    await run.until('WAITING')
    const { rows } = await database.pool.query('SELECT id, message FROM approval WHERE run_id = $1', [run.id])
    expect(rows[0].message).toBe(
      'acme/shop#7: 3 files changed, +25 −0 lines, 2 functions touched; 1 too complex, 1 not parsing. Comment on it?',
    )
    const approver = { ...ACTOR, name: 'ada', role: 'DEVELOPER' } as const
    await decideApproval(worker.engine, approver, { approvalId: rows[0].id, approved: false })
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'APPROVAL_REFUSED' } })
    expect(outside.received).toEqual([])
  })

  it('needs neither a reviewer nor GitHub where they are left out, and says when nothing changed', async () => {
    const { folder } = await branchedCheckout({ 'a.py': 'def f():\n    return 1\n' }, {})
    const parameters = { comments: false, asksReviewer: false }
    const run = await start('pull-request-review', parameters, { ...about, path: folder })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: { totals: { files: 0 }, files: [], findings: { complexFunctions: [], syntaxErrors: [] } },
    })
    expect([outside.received, asked]).toEqual([[], []])
  })

  it('fails with what is to be done where there is nothing to compare', async () => {
    const folder = await temporaryFolder(CODE)
    const parameters = { comments: false, asksReviewer: false }
    const run = await start('pull-request-review', parameters, { ...about, path: folder })
    expect(await run.until()).toMatchObject({
      status: 'FAILED',
      error: { code: 'NOT_A_CHECKOUT', message: expect.stringContaining('Check one out') },
    })
  })
})

describe('monitoring-check', () => {
  const parameters = () => ({
    url: `${outside.url}/health`,
    alertUrl: `${outside.url}/alert`,
    secret: 'ops',
    tries: 2,
    pauseSeconds: 1,
  })

  it('is content with the first look that succeeds', async () => {
    let looks = 0
    outside.answer = (_request, response) => void response.writeHead(++looks === 1 ? 503 : 200).end()
    const run = await start('monitoring-check', parameters(), {})
    expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { isUp: true } })
    expect(outside.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /health', 'GET /health'])
  })

  it('raises a signed alert when none did', async () => {
    outside.answer = ({ url }, response) => void response.writeHead(url === '/alert' ? 202 : 500).end()
    const run = await start('monitoring-check', parameters(), {})
    expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { isUp: false } })
    expect(outside.received.map(({ url }) => url)).toEqual(['/health', '/health', '/alert'])
    const alert = outside.received[2]!
    expect(refuseMessage(alert, SECRET)).toBeNull()
    expect(bodyOf(alert)).toMatchObject({
      event: 'service.down',
      url: `${outside.url}/health`,
      run: expect.any(String),
    })
  })

  it('fails where there is nobody to be told', async () => {
    outside.answer = (_request, response) => void response.writeHead(404).end()
    const run = await start('monitoring-check', { url: outside.url, tries: 1 }, {})
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'LOOP_LIMIT' } })
  })
})

describe('github-issue-to-linear', () => {
  /** The part of Linear's schema that is used, as its documentation has it. */
  const linear = buildSchema(`
    type Query { viewer: ID }
    type Mutation { issueCreate(input: IssueCreateInput!): IssuePayload! }
    input IssueCreateInput { teamId: String!, title: String, description: String, priority: Int }
    type IssuePayload { success: Boolean!, issue: Issue }
    type Issue { id: ID!, identifier: String!, url: String! }`)
  const issue = { identifier: 'SHOP-42', id: 'x', url: 'https://linear.test/SHOP-42' }
  let made: JsonValue[]
  const services =
    (answer: () => unknown): Answer =>
    (request, response) => {
      if (request.url !== '/graphql') return github(request, response)
      const { query, variables } = bodyOf(request)
      const rootValue = {
        issueCreate: ({ input }: { input: JsonValue }) => {
          made.push(input)
          return answer()
        },
      }
      void graphql({ schema: linear, source: query, variableValues: variables, rootValue }).then((result) =>
        answerJson(200, result)(request, response),
      )
    }
  const parameters = () => ({
    teamId: 'team-1',
    priority: 2,
    linearApi: `${outside.url}/graphql`,
    githubApi: outside.url,
  })
  const input = {
    repository: 'acme/shop',
    issue: {
      number: 5,
      title: 'Cart ${{ run.id }}',
      body: 'It is empty',
      html_url: 'https://github.test/5',
      labels: [],
    },
  }
  beforeEach(() => {
    made = []
  })

  it('makes the issue and answers with its link', async () => {
    outside.answer = services(() => ({ success: true, issue }))
    const run = await start('github-issue-to-linear', parameters(), input)
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: { identifier: 'SHOP-42', url: 'https://linear.test/SHOP-42' },
    })
    // What came from outside is not taken for an expression.
    expect(made.map((one) => ({ ...(one as object) }))).toEqual([
      {
        teamId: 'team-1',
        priority: 2,
        title: 'Cart ${{ run.id }}',
        description: 'It is empty\n\nhttps://github.test/5',
      },
    ])
    expect(outside.received[1]!.url).toBe('/repos/acme/shop/issues/5/comments')
    expect(bodyOf(outside.received[1]!)).toEqual({ body: 'Linear: [SHOP-42](https://linear.test/SHOP-42)' })
  })

  it('takes issues without a text, and fails when Linear refuses with a status of success', async () => {
    outside.answer = services(() => ({ success: true, issue }))
    const bare = { ...input, issue: { ...input.issue, body: null } }
    const run = await start('github-issue-to-linear', { ...parameters(), comments: false }, bare)
    expect((await run.until()).status).toBe('COMPLETED')
    expect(made[0]).toMatchObject({ description: 'https://github.test/5' })
    outside.answer = services(() => {
      throw new Error('Entity not found: Team')
    })
    const refused = await start('github-issue-to-linear', parameters(), input)
    expect(await refused.until()).toMatchObject({ status: 'FAILED', error: { code: 'EXPRESSION' } })
    expect(outside.received.filter(({ url }) => url.includes('comments'))).toEqual([])
  })
})

it('deployment-notification tells everybody, whoever cannot be reached', async () => {
  outside.answer = (request, response) => {
    if (request.url === '/gone') return void response.writeHead(404).end()
    if (request.url === '/hook') return void response.writeHead(204).end()
    const { channel, text } = bodyOf(request)
    const isKnown = request.url === '/chat.postMessage' && typeof text === 'string' && channel === '#releases'
    answerJson(200, isKnown ? { ok: true, channel, ts: '1' } : { ok: false, error: 'channel_not_found' })(
      request,
      response,
    )
  }
  const receivers: JsonValue = [
    { kind: 'slack', channel: '#releases' },
    { kind: 'slack', channel: '#${{ run.id }}' },
    { kind: 'webhook', url: `${outside.url}/hook`, secret: 'ops' },
    { kind: 'webhook', url: `${outside.url}/gone` },
  ]
  const input = {
    application: 'shop',
    version: '7',
    environment: 'production',
    status: 'SUCCEEDED',
    url: 'https://ci.test/1',
  }
  const run = await start('deployment-notification', { receivers, slackApi: outside.url }, input)
  expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { told: [true, false, true, false] } })
  const byUrl = (url: string) => outside.received.filter((request) => request.url === url)
  expect(byUrl('/chat.postMessage').map(bodyOf)).toEqual(
    expect.arrayContaining([
      { channel: '#releases', text: 'shop 7 on production: SUCCEEDED https://ci.test/1' },
      { channel: '#${{ run.id }}', text: 'shop 7 on production: SUCCEEDED https://ci.test/1' },
    ]),
  )
  expect(bodyOf(byUrl('/hook')[0]!)).toEqual({ event: 'deployment', deployment: input })
  expect(refuseMessage(byUrl('/hook')[0]!, SECRET)).toBeNull()
})
