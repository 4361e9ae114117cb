import { beforeAll, describe, expect, test } from 'vitest'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, type GraphRuns, graphRuns } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
let runs: GraphRuns
beforeAll(async () => {
  const key = await graph.key('ADMIN')
  runs = await graphRuns(graph, key)
})

const ask = (id: string, approvers: object, more: object = {}): Step =>
  ({ id, type: 'APPROVAL', message: 'Ship ${{ input.what }}?', approvers, ...more }) as Step

const DECIDE = `mutation ($input: DecideApprovalInput!) { decideApproval(input: $input) { __typename
  ... on DecideApprovalSuccess { approval { id status decisions { by approved comment form } settledAt run { id status } } }
  ... on UserError { code message path } ... on ValidationError { issues { path } } ... on AnswerRefusedError { approvalId } } }`

async function decide(input: object, key?: string) {
  const { data, errors } = await graph.ask(DECIDE, { input }, key)
  expect(errors).toBeUndefined()
  return data.decideApproval
}

const approvalOf = async (id: string, path = 'ok') =>
  (await runs.read(id, `step(path: "${path}") { approval { id } }`)).step.approval.id as string

describe('an approval in the graph', () => {
  test('is asked, answered once by whoever it asks, and its run goes on', async () => {
    const form = { type: 'object', required: ['risk'], properties: { risk: { enum: ['low', 'high'] } } }
    await runs.define(flow('shipped', [ask('ok', { role: 'DEVELOPER' }, { form, need: 2, timeout: '2d' })]))
    const id = await runs.execute('shipped', { what: 'it' })
    const run = await runs.read(
      id,
      `status blockedBy { kind path message until } approvals(first: 5) { nodes { id status message principals role need form path askedAt expiresAt settledAt decisions { by } step { id path } } }`,
    )
    expect(run).toMatchObject({ status: 'WAITING', blockedBy: [{ kind: 'APPROVAL', path: 'ok' }] })
    const [approval] = run.approvals.nodes
    expect(approval).toMatchObject({
      status: 'OPEN',
      message: 'Ship it?',
      principals: [],
      role: 'DEVELOPER',
      need: 2,
      form,
      decisions: [],
      settledAt: null,
      expiresAt: run.blockedBy[0].until,
      step: { path: 'ok' },
    })
    const ada = await graph.key('DEVELOPER')
    const viewer = await graph.key('VIEWER')
    expect(await decide({ id: approval.id, approved: true, form: { risk: 'low' } }, viewer)).toMatchObject({
      __typename: 'AnswerRefusedError',
      code: 'NOT_AN_APPROVER',
      approvalId: approval.id,
      path: ['input', 'id'],
    })
    expect(await decide({ id: approval.id, approved: true, form: { risk: 'none' } }, ada)).toMatchObject({
      code: 'VALIDATION',
      issues: [{ path: ['input', 'form', 'risk'] }],
    })
    expect(
      await decide({ id: approval.id, approved: true, form: { risk: 'low' }, comment: 'fine' }, ada),
    ).toMatchObject({
      approval: {
        status: 'OPEN',
        decisions: [{ by: 'a DEVELOPER', approved: true, comment: 'fine', form: { risk: 'low' } }],
        run: { status: 'WAITING' },
      },
    })
    expect(await decide({ id: approval.id, approved: true, form: { risk: 'low' } }, ada)).toMatchObject({
      code: 'ALREADY_DECIDED',
    })
    expect((await runs.read(id, 'blockedBy { message }')).blockedBy[0].message).toContain('1 of 1 have approved')
    const bob = await graph.key('OPERATOR')
    expect(await decide({ id: approval.id, approved: true, form: { risk: 'high' } }, bob)).toMatchObject({
      approval: { status: 'APPROVED', settledAt: expect.any(String), run: { status: 'COMPLETED' } },
    })
    expect(await decide({ id: approval.id, approved: false }, await graph.key('ADMIN'))).toMatchObject({
      code: 'APPROVAL_CLOSED',
      message: expect.stringContaining('not open any more'),
    })
  })

  test('may be answered by a VIEWER whom it names', async () => {
    await runs.define(flow('named', [ask('ok', { principals: ['a VIEWER'] })]))
    const id = await runs.execute('named', { what: 'x' })
    const approval = await approvalOf(id)
    expect(await decide({ id: approval, approved: true }, await graph.key('ADMIN'))).toMatchObject({
      code: 'NOT_AN_APPROVER',
      message: expect.stringContaining('a VIEWER'),
    })
    expect(await decide({ id: approval, approved: false, comment: 'no' }, await graph.key('VIEWER'))).toMatchObject({
      approval: { status: 'REFUSED', run: { status: 'FAILED' } },
    })
    expect(await runs.read(id, 'error { code }')).toEqual({ error: { code: 'APPROVAL_REFUSED' } })
  })

  test('is withdrawn with its run, and refused without changing anything', async () => {
    const id = await runs.execute('named', { what: 'y' })
    const approval = await approvalOf(id)
    await runs.command('cancelWorkflowRun', { id })
    expect(await decide({ id: approval, approved: true }, await graph.key('VIEWER'))).toMatchObject({
      code: 'APPROVAL_CLOSED',
    })
    const admin = await graph.key('ADMIN')
    expect(await decide({ id: 'approval_01h455vb4pex5vsknk084sn02q', approved: true }, admin)).toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await decide({ id: 'task_01h455vb4pex5vsknk084sn02q', approved: true }, admin)).toMatchObject({
      code: 'VALIDATION',
    })
    expect(
      await decide({ id: approval, approved: true, comment: 'x'.repeat(10_001) }, await graph.key('VIEWER')),
    ).toMatchObject({
      code: 'VALIDATION',
      issues: [{ path: ['input', 'comment'] }],
    })
  })

  test('is listed for whom it asks', async () => {
    await runs.define(
      flow('asks_two', [ask('one', { principals: ['a WORKER', 'a VIEWER'] }), ask('two', { role: 'ADMIN' })]),
    )
    const id = await runs.execute('asks_two', { what: 'z' })
    const list = async (filter: object, key: string) => {
      const { data, errors } = await graph.ask(
        'query ($filter: ApprovalFilter) { approvals(first: 50, filter: $filter) { nodes { path } } }',
        { filter: { runId: id, status: ['OPEN'], ...filter } },
        key,
      )
      expect(errors).toBeUndefined()
      return data.approvals.nodes.map(({ path }: { path: string }) => path).toSorted()
    }
    const [viewer, admin] = [await graph.key('VIEWER'), await graph.key('ADMIN')]
    expect(await list({}, viewer)).toEqual(['one', 'two'])
    expect(await list({ asksMe: true }, viewer)).toEqual(['one'])
    expect(await list({ asksMe: true }, admin)).toEqual(['two'])
    expect(await list({ asksMe: false }, admin)).toEqual(['one'])
    expect(await list({ status: ['APPROVED'] }, viewer)).toEqual([])
  })
})
