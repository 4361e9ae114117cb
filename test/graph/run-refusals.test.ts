import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { encodeTypeId } from '../../src/task/type-id.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { type CliRun, cli } from '../support/cli.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { flow, task } from '../support/graph-runs.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { type Runs, runsOf } from '../support/runs.ts'

// What goes wrong with runs, as whoever asks is told: over HTTP, of the graph and by the command line.

let graph: LiveGraph
let runs: Runs
let admin: string

beforeAll(async () => {
  graph = await startLiveGraph({ mode: 'keys' })
  runs = await runsOf(graph.engine)
  admin = await graph.key('ADMIN')
  const approval = (more: object): Step =>
    ({ id: 'ok', type: 'APPROVAL', message: 'Ship it?', approvers: { role: 'DEVELOPER' }, ...more }) as Step
  const input = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } as const
  for (const definition of [
    flow('typed', [task('a')], { input }),
    flow('chain', [task('build'), task('test', { after: ['build'] })]),
    flow('asks', [approval({})]),
    flow('asks-two', [approval({ approvers: { principals: ['a DEVELOPER', 'a WORKER'] }, need: 2 })]),
    flow('turns', [task('a')], { limits: { concurrency: { limit: 1 } } }),
    flow('hears', [{ id: 'heard', type: 'WAIT', event: { key: 'go', where: 'event.ok == true' } }]),
  ])
    await runs.define(definition)
})
afterAll(() => graph.stop())

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
async function ask(query: string, variables: object = {}, key = admin): Promise<any> {
  const answer = await fetch(graph.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await answer.json()) as { data: unknown; errors?: unknown }
  expect(errors).toBeUndefined()
  return data
}

const run = (argv: readonly string[], apiKey = admin): Promise<CliRun> => cli(argv, { url: graph.url, apiKey })

/** The answer of a mutation whose result is a union. */
async function verb(name: string, input: object, key?: string) {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const fields = '__typename ... on UserError { code message path } ... on ValidationError { issues { path message } }'
  const query = `mutation ($input: ${type}Input!) { ${name}(input: $input) { ${fields} } }`
  return (await ask(query, { input }, key))[name]
}

const read = async (id: string, fields: string) =>
  (await ask(`query ($id: ID!) { workflowRun(id: $id) { ${fields} } }`, { id })).workflowRun

async function begin(workflow: string, input: object = {}): Promise<string> {
  return encodeTypeId('run', await runs.start(workflow, input as never))
}

/** A run at a status. */
const RUN_AT: Readonly<Record<string, () => Promise<string>>> = {
  PENDING: async () => {
    await begin('turns')
    return begin('turns')
  },
  RUNNING: () => begin('chain'),
  WAITING: () => begin('asks'),
  PAUSED: async () => {
    const id = await begin('chain')
    await verb('pauseWorkflowRun', { id })
    return id
  },
  COMPLETED: async () => {
    const id = await begin('chain')
    await runs.settle()
    return id
  },
  FAILED: async () => {
    const id = await begin('chain')
    await runs.settle(() => new Error('no luck'))
    return id
  },
  CANCELLED: async () => {
    const id = await begin('chain')
    await verb('cancelWorkflowRun', { id })
    await runs.settle()
    return id
  },
}

describe('a run that is', () => {
  const ended = ['COMPLETED', 'FAILED', 'CANCELLED']
  const COMMANDS: readonly [from: string, command: string, hint: string][] = [
    ...ended.map((from): [string, string, string] => [from, 'cancel', 'It has ended: nothing of it is left to stop.']),
    ...ended.map((from): [string, string, string] => [from, 'pause', 'It has ended: there is nothing to hold back.']),
    ['PAUSED', 'pause', 'It is held back already.'],
    ['PENDING', 'pause', 'It waits for its turn: cancel it, or let it begin first.'],
    ...ended.map((from): [string, string, string] => [from, 'resume', 'It has ended: retry it, or fork it, to go on.']),
    ...['PENDING', 'RUNNING', 'WAITING'].map((from): [string, string, string] => [
      from,
      'resume',
      'It is not held back: it goes on by itself.',
    ]),
    ['COMPLETED', 'retry', 'It did not fail: fork it to run steps of it again.'],
    ...['PENDING', 'RUNNING', 'WAITING', 'PAUSED'].map((from): [string, string, string] => [
      from,
      'retry',
      'It has not ended: wait for its end, or cancel it first.',
    ]),
  ]

  test.each(COMMANDS)('%s cannot be asked to %s, and says what can be done', async (from, command, hint) => {
    const id = await RUN_AT[from]!()
    const before = await read(id, 'status seq')
    expect(before.status).toBe(from)
    const message = `A run that is ${from} cannot be asked to ${command}. ${hint}`
    expect(await verb(`${command}WorkflowRun`, { id })).toMatchObject({
      __typename: 'IllegalRunCommandError',
      code: 'ILLEGAL_RUN_COMMAND',
      path: ['input', 'id'],
      message,
    })
    expect(await run(['workflow', command, id])).toEqual({ exitCode: 3, out: '', err: `${message}\n` })
    expect(await read(id, 'status seq')).toEqual(before)
    await runs.settle()
  })

  test.each(['PENDING', 'RUNNING', 'WAITING', 'PAUSED'])('%s cannot be forked', async (from) => {
    const id = await RUN_AT[from]!()
    expect(await verb('forkWorkflowRun', { id, from: 'build' })).toMatchObject({
      __typename: 'CannotForkError',
      code: 'CANNOT_FORK',
      path: ['input', 'id'],
      message: `The run is ${from} and has not ended: wait for its end, or cancel it first.`,
    })
    await runs.settle()
  })

  test('COMPLETED cannot be forked from a step that it did not reach', async () => {
    const id = await RUN_AT.COMPLETED!()
    const refused = { code: 'CANNOT_FORK', path: ['input', 'from'] }
    expect(await verb('forkWorkflowRun', { id, from: 'biuld' })).toMatchObject({
      ...refused,
      message: 'The run has no step or iteration at "biuld" that it has reached: did you mean "build"?',
    })
    expect(await verb('forkWorkflowRun', { id, from: 'deployment' })).toMatchObject({
      ...refused,
      message: expect.stringMatching(/at "deployment" that it has reached: it has reached (build, test|test, build)$/),
    })
  })

  test('cancelled twice while it stops answers as if once, and a third time that it has ended', async () => {
    const id = await begin('chain')
    const workerId = await addWorker(graph.engine, ['work'], 10)
    const claim = { tenant: ACTOR.tenant, workerId, types: ['work'], limit: 10 }
    expect((await claimTasks(graph.engine, claim)).tasks).toHaveLength(1)
    const success = { __typename: 'CancelWorkflowRunSuccess' }
    expect(await verb('cancelWorkflowRun', { id, reason: 'enough' })).toMatchObject(success)
    expect(await verb('cancelWorkflowRun', { id, reason: 'again' })).toMatchObject(success)
    await runs.settle()
    expect(await run(['workflow', 'cancel', id])).toEqual({
      exitCode: 3,
      out: '',
      err: 'A run that is CANCELLED cannot be asked to cancel. It has ended: nothing of it is left to stop.\n',
    })
    expect(await read(id, 'status error { message }')).toEqual({ status: 'CANCELLED', error: { message: 'enough' } })
    const { events } = await read(id, 'events(first: 50) { events { __typename } }')
    const kinds = events.events.map((event: { __typename: string }) => event.__typename)
    expect(kinds.filter((kind: string) => kind === 'WorkflowRunCancelled')).toHaveLength(1)
  })

  test.each(['cancel', 'pause', 'resume', 'retry'])('not there cannot be asked to %s', async (command) => {
    const id = 'run_01h455vb4pex5vsknk084sn02q'
    const message = `There is no run ${id}: it never existed, was removed, or belongs to another tenant.`
    const refused = { __typename: 'NotFoundError', code: 'NOT_FOUND', path: ['input', 'id'], message }
    expect(await verb(`${command}WorkflowRun`, { id })).toMatchObject(refused)
    expect(await run(['workflow', command, id])).toEqual({ exitCode: 3, out: '', err: `${message}\n` })
  })
})

describe('an approval', () => {
  async function asked(workflow: string): Promise<{ id: string; runId: string }> {
    const runId = await begin(workflow)
    const { approvals } = await read(runId, 'approvals(first: 1) { nodes { id } }')
    return { id: approvals.nodes[0].id, runId }
  }
  const developer = () => graph.key('DEVELOPER')

  /** Each way in which an answer comes wrongly; whose answer it is, and what it is told. */
  const ANSWERS: readonly [
    how: string,
    arrange: () => Promise<{ id: string; key: string }>,
    code: string,
    message: string,
  ][] = [
    [
      'by somebody without the role',
      async () => ({ ...(await asked('asks')), key: await graph.key('VIEWER') }),
      'NOT_AN_APPROVER',
      'a VIEWER is not asked; asked are whoever is DEVELOPER. Have one of them answer.',
    ],
    [
      'by somebody whom it does not name, whatever the role',
      async () => ({ ...(await asked('asks-two')), key: admin }),
      'NOT_AN_APPROVER',
      'a ADMIN is not asked; asked are a DEVELOPER, a WORKER. Have one of them answer.',
    ],
    [
      'twice by the same',
      async () => {
        const { id } = await asked('asks-two')
        await verb('decideApproval', { id, approved: true }, await developer())
        return { id, key: await developer() }
      },
      'ALREADY_DECIDED',
      'a DEVELOPER has answered already: the first answer counts.',
    ],
    [
      'too late, after it was approved',
      async () => {
        const { id } = await asked('asks')
        await verb('decideApproval', { id, approved: true }, await developer())
        return { id, key: admin }
      },
      'APPROVAL_CLOSED',
      'The approval is not open any more: it was APPROVED before. This answer changes nothing.',
    ],
    [
      'too late, after it was refused',
      async () => {
        const { id } = await asked('asks')
        await verb('decideApproval', { id, approved: false }, await developer())
        return { id, key: admin }
      },
      'APPROVAL_CLOSED',
      'The approval is not open any more: it was REFUSED before. This answer changes nothing.',
    ],
    [
      'too late, after its run was cancelled',
      async () => {
        const { id, runId } = await asked('asks')
        await verb('cancelWorkflowRun', { id: runId })
        return { id, key: admin }
      },
      'APPROVAL_CLOSED',
      'The approval is not open any more: its step ended without an answer, by its time-out or with its run. Read the run.',
    ],
  ]

  test.each(ANSWERS)('that is answered %s stays as it is', async (_how, arrange, code, message) => {
    const { id, key } = await arrange()
    const state = `query ($id: ID!) { node(id: $id) { ... on Approval { status settledAt decisions { by approved } run { status seq } } } }`
    const before = await ask(state, { id })
    const refused = { __typename: 'AnswerRefusedError', code, path: ['input', 'id'], message }
    expect(await verb('decideApproval', { id, approved: true }, key)).toMatchObject(refused)
    const told = { exitCode: 3, out: '', err: `${message}\n` }
    expect(await run(['workflow', 'approve', id], key)).toEqual(told)
    expect(await run(['workflow', 'approve', id, '--refuse'], key)).toEqual(told)
    expect(await ask(state, { id })).toEqual(before)
  })
})

describe('an input', () => {
  test.each([
    [{ n: 'x' }, ['input', 'input', 'n'], 'input.n: must be number'],
    [{}, ['input', 'input'], "input: must have required property 'n'"],
    [[], ['input', 'input'], 'input: must be object'],
  ])('that the schema of the workflow refuses starts nothing: %j', async (input, path, line) => {
    const count = async () => (await ask('{ workflowRuns { totalCount } }')).workflowRuns.totalCount
    const before = await count()
    expect(await verb('executeWorkflow', { workflow: 'typed', input })).toMatchObject({
      __typename: 'ValidationError',
      code: 'VALIDATION',
      issues: [{ path, message: expect.stringContaining(line.slice(line.indexOf(': ') + 2)) }],
    })
    const { exitCode, out, err } = await run(['workflow', 'execute', 'typed', '--input', JSON.stringify(input)])
    expect([exitCode, out]).toEqual([3, ''])
    expect(err).toContain(line)
    expect(await count()).toBe(before)
  })

  test('that is no JSON, or for a workflow that is not there, says so', async () => {
    expect(await run(['workflow', 'execute', 'typed', '--input', '{n'])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('--input is no JSON'),
    })
    const message =
      'There is no workflow called "tpyed", or it has no version that is READY. Create it, or correct the name.'
    expect(await verb('executeWorkflow', { workflow: 'tpyed' })).toMatchObject({
      code: 'UNKNOWN_WORKFLOW',
      path: ['input', 'workflow'],
      message,
    })
    expect(await run(['workflow', 'execute', 'tpyed'])).toEqual({ exitCode: 3, out: '', err: `${message}\n` })
  })
})

describe('an event', () => {
  async function send(key: string, payload: object) {
    const query = `mutation ($input: SendEventInput!) { sendEvent(input: $input) { __typename
      ... on SendEventSuccess { woken toldSteps isRepeat } ... on UserError { code } } }`
    return (await ask(query, { input: { key, payload } })).sendEvent
  }
  const nobody = { __typename: 'SendEventSuccess', woken: 0, toldSteps: 0 }

  test('that nobody waits for is taken, and says so', async () => {
    expect(await send('silence', {})).toMatchObject(nobody)
    const { exitCode, out, err } = await run(['event', 'send', 'silence'])
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toMatch(/^Sent event_\w{26}, nobody waited for it\.\n$/)
  })

  test('tells how many steps of runs it was told to, and does nothing to a run that has ended', async () => {
    const id = await begin('hears')
    expect((await run(['event', 'send', 'go', '--payload', '{"ok":false}'])).out).toMatch(
      /^Sent event_\w{26}, told to 1 step of a run\.\n$/,
    )
    await runs.settle()
    expect((await read(id, 'status')).status).toBe('WAITING')
    expect(await send('go', { ok: true })).toMatchObject({ woken: 0, toldSteps: 1 })
    await runs.settle()
    const ended = await read(id, 'status seq output')
    expect(ended).toMatchObject({ status: 'COMPLETED', output: { ok: true } })
    expect(await send('go', { ok: true })).toMatchObject(nobody)
    expect((await run(['event', 'send', 'go'])).out).toContain('nobody waited for it')
    await runs.settle()
    expect(await read(id, 'status seq output')).toEqual(ended)
  })
})

describe('a new version', () => {
  const first =
    'name: grows\nsteps:\n  - { id: a, type: TASK, task: work }\n  - { id: b, type: TASK, task: work, after: [a] }\n'
  const second =
    'name: grows\nsteps:\n  - { id: a, type: TASK, task: work }\n  - { id: c, type: TASK, task: work, after: [a] }\n'
  const create = (input: string) => cli(['workflow', 'create', '--file', '-'], { url: graph.url, apiKey: admin, input })

  test('leaves runs under way with theirs, is taken by new ones, and shows what differs', async () => {
    expect((await create(first)).out).toMatch(/^Created grows v1 workflow_\w+\n$/)
    const old = await begin('grows')
    const made = await create(second)
    expect(made).toMatchObject({ exitCode: 0, err: '' })
    expect(made.out).toMatch(/^Created grows v2 /)
    expect(made.out).toContain('Runs under way go on with theirs. Since v1:\n')
    const changes = ['+ c (TASK)', '- b (TASK)']
    for (const change of changes) expect(made.out).toContain(change)
    const young = await begin('grows')
    await runs.settle()
    const of = (id: string) => read(id, 'status version { number } steps(first: 10) { nodes { path status } }')
    const done = (...paths: string[]) => ({ nodes: paths.map((path) => ({ path, status: 'COMPLETED' })) })
    expect(await of(old)).toEqual({ status: 'COMPLETED', version: { number: 1 }, steps: done('a', 'b') })
    expect(await of(young)).toEqual({ status: 'COMPLETED', version: { number: 2 }, steps: done('a', 'c') })
    expect((await run(['workflow', 'status', old])).out).toContain('grows v1 COMPLETED')
    const { out } = await run(['workflow', 'diff', 'grows'])
    for (const change of changes) expect(out).toContain(change)
    expect((await run(['workflow', 'diff', 'grows', '--from', '2', '--to', '1'])).out).toContain('+ b (TASK)')
    expect((await run(['workflow', 'diff', 'grows', '--from', '2', '--to', '2'])).out).toBe('Nothing differs.\n')
    const query =
      'query ($from: Int!) { workflow(name: "grows") { version(number: 2) { diff(from: $from) { text } } } }'
    expect((await ask(query, { from: 1 })).workflow.version.diff.text).toContain('+ c (TASK)')
    expect((await create(second)).out).toMatch(/^Stands already: grows v2 workflow_\w+\n$/)
  })

  test.each([
    [['grows', '--to', '9'], '"grows" has no version 9. See: task-mgmt workflow list\n'],
    [['grows', '--from', '9'], '"grows" has no version 9. See: task-mgmt workflow list\n'],
    [['typed'], '"typed" has no version before 1: say which with --from.\n'],
    [['nobody'], 'There is no workflow "nobody". See: task-mgmt workflow list\n'],
  ])('cannot be compared with what is not there: %j', async (argv, err) => {
    expect(await run(['workflow', 'diff', ...argv])).toEqual({ exitCode: 3, out: '', err })
  })
})
