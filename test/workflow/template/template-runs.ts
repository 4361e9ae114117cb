import { afterAll, beforeEach, expect } from 'vitest'
import type { Role } from '../../../src/access/role.ts'
import { advanceRuns } from '../../../src/engine/advance-runs.ts'
import { createWorkflow } from '../../../src/engine/create-workflow.ts'
import { decideApproval } from '../../../src/engine/decide-approval.ts'
import { startRun } from '../../../src/engine/start-run.ts'
import { codeAnalysis } from '../../../src/integration/graph-sitter/code-analysis.ts'
import { createAddressGuard } from '../../../src/integration/webhook/address-guard.ts'
import { createSender } from '../../../src/integration/webhook/send-request.ts'
import { webhookRequest } from '../../../src/integration/webhook/webhook-request.ts'
import type { JsonValue } from '../../../src/task/json.ts'
import { defineTaskType } from '../../../src/worker/define-task-type.ts'
import { instantiate } from '../../../src/workflow/template/templates.ts'
import { freshDatabase } from '../../support/database.ts'
import { ACTOR } from '../../support/engine.ts'
import { openReceiver, type Received, type Receiver } from '../../support/receiver.ts'
import { runWorker } from '../../support/run-worker.ts'
import { until } from '../../support/until.ts'
import { USERS_TYPES } from './users-types.ts'

/** What templates run on: the server's own task types, workers of users whose part the test plays, and a service outside. */
export interface TemplateRuns {
  readonly users: UsersWorkers
  readonly outside: Receiver
  /** Makes a workflow of a template, and starts a run of it. */
  start(template: string, parameters: Record<string, JsonValue>, input: JsonValue): Promise<TemplateRun>
}

type Fields = Record<string, JsonValue>

export interface UsersWorkers {
  /** What they do, by task type; nothing when a test begins. */
  handlers: Record<string, (input: Fields) => JsonValue>
  /** What they were asked for since the test began. */
  asked: [type: string, input: Fields][]
  typesAsked(): string[]
}

export interface TemplateRun {
  /** Steps it until its status is this, by default until it is over. */
  until(status?: string): Promise<{ status: string; output: JsonValue; error: { code: string } | null }>
  /** What it asks for before it goes on. */
  approval(): Promise<{ id: string; message: string }>
  /** Answers that, as somebody with the role. */
  decide(role: Role, approved: boolean): Promise<void>
}

/** The secret `ops` that the server signs requests with. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** A function that is too complex, one that is not, and what does not parse. */
export const CODE = {
  'src/tangle.ts': `export function tangle(a: number) {\n${'  if (a > 1) a += 1\n'.repeat(20)}  return a\n}\n`,
  'src/plain.ts': 'export const plain = () => 1\n',
  'src/broken.ts': 'export function (\n',
}

export const bodyOf = ({ body }: Received) => JSON.parse(body)

/** Over a database of the test file's own, until its tests are over: awaited at the top of the file. */
export async function templateRuns(): Promise<TemplateRuns> {
  const outside = await openReceiver()
  const database = await freshDatabase({ size: 16 })
  const users: UsersWorkers = { handlers: {}, asked: [], typesAsked: () => users.asked.map(([type]) => type) }
  const send = createSender(createAddressGuard({ allowedHosts: ['127.0.0.1'] }))
  const { engine, executor, errors } = await runWorker(
    database.pool,
    [
      defineTaskType(codeAnalysis({ allowedRoots: ['/'] })),
      defineTaskType(webhookRequest({ send, secrets: { ops: [SECRET] } })),
      ...USERS_TYPES.map((name) => ({
        name,
        handler: ({ input }: { input: JsonValue }) => {
          users.asked.push([name, input as Fields])
          return users.handlers[name]!(input as Fields)
        },
      })),
    ],
    { slots: 20, pollMs: 200 },
  )
  beforeEach(() => {
    users.handlers = {}
    users.asked = []
  })
  afterAll(async () => {
    await executor.stop(0)
    expect(errors).toEqual([])
    await database.drop()
  })
  let made = 0

  const runOf = (runId: string): TemplateRun => {
    const read = async () =>
      (await database.pool.query('SELECT status, output, error FROM workflow_run WHERE id = $1', [runId])).rows[0]
    const approval: TemplateRun['approval'] = async () =>
      (await database.pool.query('SELECT id, message FROM approval WHERE run_id = $1', [runId])).rows[0]
    return {
      approval,
      async until(status) {
        const isSo = (now: string) => (status === undefined ? /COMPLETED|FAILED|CANCELLED/.test(now) : now === status)
        await until(async () => {
          await advanceRuns(engine)
          return isSo((await read()).status)
        })
        return read()
      },
      async decide(role, approved) {
        const { id } = await approval()
        const decided = await decideApproval(engine, { ...ACTOR, name: 'ada', role }, { approvalId: id, approved })
        if (!decided.ok) throw new Error(JSON.stringify(decided.refusal))
      },
    }
  }

  return {
    users,
    outside,
    async start(template, parameters, input) {
      made += 1
      const workflow = instantiate(template, { ...parameters, name: `${template}-${made}` })
      if (!workflow.ok) throw new Error(JSON.stringify(workflow.problems))
      const { definition } = workflow
      await createWorkflow(engine, ACTOR, { definition })
      const started = await startRun(engine, ACTOR, { workflow: definition.name, input })
      if (!started.ok) throw new Error(JSON.stringify(started.refusal))
      return runOf(started.value.runId)
    },
  }
}
