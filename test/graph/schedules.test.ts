import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { missDeadlines } from '../../src/engine/miss-deadlines.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { uuidOf } from '../../src/task/type-id.ts'
import { dueNow } from '../schedule/schedules.ts'
import { ACTOR } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTask, addTaskType } from '../support/tasks.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startGraph()
  for (const tenant of ['default', 'other']) await addTaskType(graph.pool, 'custom', { tenant })
})
afterAll(() => graph.stop())

const CREATE = `mutation ($input: CreateScheduleInput!) { createSchedule(input: $input) { __typename
  ... on CreateScheduleSuccess { schedule { id name status version nextFireAt nextFires(count: 2)
    timing { cron every rrule timeZone exclude { weekdays dates ranges { from until } } } jitter missedPolicy overlapPolicy missedCap
    task { name type input dueAtField deadlineAfter retry { maxAttempts initial } timeouts { attempt } labels tags } } }
  ... on UserError { code message path } ... on ValidationError { issues { path message } } } }`
const DAILY = { cron: '0 9 * * *', timeZone: 'Europe/Berlin' }
const TASK = { name: 'made', type: 'custom' }

async function create(input: object = {}) {
  const { data, errors } = await graph.ask(CREATE, { input: { name: 'daily', timing: DAILY, task: TASK, ...input } })
  expect(errors).toBeUndefined()
  return data.createSchedule
}

async function createId(input: object = {}): Promise<string> {
  return (await create(input)).schedule.id
}

const uuid = (id: string) => uuidOf('schedule', id)!

describe('a schedule in the graph', () => {
  test('is made with all that it was asked for', async () => {
    const { schedule } = await create({
      timing: {
        ...DAILY,
        exclude: { weekdays: ['SUNDAY'], dates: ['2030-12-25'], ranges: [{ from: '2031-01-01', until: '2031-01-06' }] },
      },
      jitter: 'PT30S',
      missedPolicy: 'ALL',
      overlapPolicy: 'QUEUE',
      missedCap: 7,
      task: {
        ...TASK,
        input: { a: 1 },
        dueAtField: 'due',
        deadlineAfter: 'PT1H',
        retry: { maxAttempts: 5 },
        timeouts: { attempt: 'PT2M' },
        labels: { team: 'search' },
        tags: ['x'],
      },
    })
    expect(schedule).toMatchObject({
      status: 'ACTIVE',
      version: 1,
      timing: {
        cron: '0 9 * * *',
        every: null,
        timeZone: 'Europe/Berlin',
        exclude: { weekdays: ['SUNDAY'], dates: ['2030-12-25'], ranges: [{ from: '2031-01-01', until: '2031-01-06' }] },
      },
      jitter: 'PT30S',
      missedPolicy: 'ALL',
      overlapPolicy: 'QUEUE',
      missedCap: 7,
      task: {
        input: { a: 1 },
        dueAtField: 'due',
        deadlineAfter: 'PT1H',
        retry: { maxAttempts: 5, initial: 'PT1S' },
        timeouts: { attempt: 'PT2M' },
        labels: { team: 'search' },
        tags: ['x'],
      },
    })
    expect(schedule.nextFires[0]).toBe(schedule.nextFireAt)
    expect(schedule.nextFires).toHaveLength(2)
  })

  test.each([
    [{ timing: { cron: '0 0 31 2 *' } }, ['input', 'timing', 'cron'], 'never fires'],
    [{ timing: { cron: '* *' } }, ['input', 'timing', 'cron'], 'has 2 fields'],
    [{ timing: { ...DAILY, timeZone: 'Mars/Olympus' } }, ['input', 'timing', 'timeZone'], 'no time zone'],
    [{ timing: { interval: { every: '-PT5S' } } }, ['input', 'timing', 'interval', 'every'], 'PT1S or more'],
    [{ timing: { rrule: 'DTSTART:20200101T000000Z\nRRULE:FREQ=DAILY;COUNT=2' } }, ['input', 'timing', 'rrule'], 'past'],
    [{ timing: { cron: '0 9 * * *', interval: { every: 'PT1M' } } }, ['input', 'timing'], 'give exactly one'],
    [{ timing: {} }, ['input', 'timing'], 'give exactly one'],
    [{ name: ' ' }, ['input', 'name'], 'is empty'],
    [{ missedCap: 0 }, ['input', 'missedCap'], '1 to 1000'],
    [{ jitter: 'P2D' }, ['input', 'jitter'], 'a day at most'],
    [{ task: { ...TASK, input: [1], dueAtField: 'due' } }, ['input', 'task', 'dueAtField'], 'must be an object'],
    [{ task: { ...TASK, name: '' } }, ['input', 'task', 'name'], 'is empty'],
  ])('is refused with what, where and what to do: %j', async (input, path, message) => {
    const refusal = await create(input)
    expect(refusal).toMatchObject({
      __typename: 'ValidationError',
      issues: [{ path, message: expect.stringContaining(message) }],
    })
  })

  test('of an unknown task type is refused', async () => {
    expect(await create({ task: { ...TASK, type: 'gone' } })).toMatchObject({
      code: 'UNKNOWN_TASK_TYPE',
      path: ['input', 'task', 'type'],
    })
  })

  test('is previewed without being made', async () => {
    const preview = `query ($timing: TimingInput!, $after: DateTime, $count: Int) {
      previewSchedule(timing: $timing, after: $after, count: $count) { ... on PreviewScheduleSuccess { fires }
        ... on ValidationError { issues { path } } } }`
    const asked = { timing: DAILY, after: '2026-03-28T12:00:00Z', count: 2 }
    const { data } = await graph.ask(preview, asked)
    expect(data.previewSchedule.fires).toEqual(['2026-03-29T07:00:00.000Z', '2026-03-30T07:00:00.000Z'])
    const refused = await graph.ask(preview, { ...asked, timing: { cron: 'x' } })
    expect(refused.data.previewSchedule.issues).toEqual([{ path: ['timing', 'cron'] }])
  })

  test('is changed, paused, resumed, fired by hand and deleted', async () => {
    const id = await createId()
    const verb = async (name: string, input: object, fields: string) => {
      const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
      const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { ${fields} } ... on UserError { code path } } }`
      const { data, errors } = await graph.ask(document, { input: { id, ...input } })
      expect(errors).toBeUndefined()
      return data[name]
    }
    const state = 'schedule { name status version nextFireAt timing { every } }'
    expect(await verb('updateSchedule', { name: 'n', timing: { interval: { every: 'PT1H' } } }, state)).toMatchObject({
      schedule: { name: 'n', version: 2, timing: { every: 'PT1H' } },
    })
    expect(await verb('pauseSchedule', {}, state)).toMatchObject({ schedule: { status: 'PAUSED', nextFireAt: null } })
    expect(await verb('fireSchedule', {}, 'task { name fire { cause } schedule { id } }')).toMatchObject({
      task: { name: 'made', fire: { cause: 'HAND' }, schedule: { id } },
    })
    expect(await verb('resumeSchedule', {}, state)).toMatchObject({ schedule: { status: 'ACTIVE', version: 4 } })
    expect(await verb('deleteSchedule', {}, 'deletedId')).toMatchObject({ deletedId: id })
    expect(await verb('deleteSchedule', {}, 'deletedId')).toEqual({
      __typename: 'NotFoundError',
      code: 'NOT_FOUND',
      path: ['input', 'id'],
    })
    const { data } = await graph.ask(
      'query ($id: ID!) { schedule(id: $id) { deletedAt } node(id: $id) { __typename } }',
      { id },
    )
    expect(data).toMatchObject({ schedule: { deletedAt: expect.any(String) }, node: { __typename: 'Schedule' } })
  })

  test('shows its fires with their tasks, its backfills, and its events', async () => {
    const id = await createId({ overlapPolicy: 'ALLOW' })
    for (let twice = 0; twice < 2; twice++) {
      await dueNow(graph.pool, uuid(id))
      await fireSchedules(graph.engine)
    }
    const until = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString()
    await graph.ask(
      `mutation ($id: ID!) { updateSchedule(input: { id: $id, timing: { interval: { every: "PT1S", anchor: "2020-01-01T00:00:00Z" } } }) { __typename } }`,
      { id },
    )
    const { data: made } = await graph.ask(
      `mutation ($input: CreateBackfillInput!) { createBackfill(input: $input) { ... on CreateBackfillSuccess { backfill { id status total done } } ... on UserError { message } } }`,
      { input: { scheduleId: id, from: new Date(Date.parse(until) - 2000).toISOString(), until, maxAtOnce: 2 } },
    )
    expect(made.createBackfill.backfill).toMatchObject({ status: 'RUNNING', total: 3, done: 0 })
    await runBackfills(graph.engine)
    const { data, errors } = await graph.ask(
      `query ($id: ID!) { schedule(id: $id) {
        fires(first: 3) { nodes { id dueAt cause status taskId task { id status name } backfill { id } } pageInfo { hasNextPage endCursor } }
        backfills { nodes { id started running fires { nodes { cause } } } } }
        events(first: 100, filter: { scheduleId: { eq: $id } }) { events { __typename ... on ScheduleEvent { scheduleId schedule { name } }
          ... on ScheduleFired { startedTaskId startedRunId cause dueAt fireId } ... on BackfillStarted { backfillId total } } } }`,
      { id },
    )
    expect(errors).toBeUndefined()
    expect(data.schedule.fires.nodes).toMatchObject([
      { cause: 'BACKFILL', status: 'STARTED', task: { name: 'made' } },
      { cause: 'BACKFILL', status: 'STARTED' },
      { cause: 'TIME', status: 'STARTED', backfill: null },
    ])
    expect(data.schedule.fires.pageInfo.hasNextPage).toBe(true)
    expect(data.schedule.backfills.nodes).toMatchObject([{ started: 2, running: 2, fires: { nodes: [{}, {}] } }])
    const kinds = data.events.events.map(({ __typename }: { __typename: string }) => __typename)
    expect(kinds).toEqual([
      'ScheduleCreated',
      'ScheduleFired',
      'ScheduleFired',
      'ScheduleUpdated',
      'BackfillStarted',
      'ScheduleFired',
      'ScheduleFired',
    ])
    const { backfills } = data.schedule
    const { data: cancelled } = await graph.ask(
      `mutation ($id: ID!) { cancelBackfill(input: { id: $id }) { ... on CancelBackfillSuccess { backfill { status } } } }`,
      { id: backfills.nodes[0].id },
    )
    expect(cancelled.cancelBackfill.backfill.status).toBe('CANCELLED')
    const { data: rest } = await graph.ask(
      'query ($id: ID!, $after: String) { schedule(id: $id) { fires(first: 3, after: $after) { nodes { cause } pageInfo { hasNextPage } } } }',
      { id, after: data.schedule.fires.pageInfo.endCursor },
    )
    expect(rest.schedule.fires).toEqual({ nodes: [{ cause: 'TIME' }], pageInfo: { hasNextPage: false } })
  })
})

describe('lists of schedules', () => {
  const LIST = `query ($filter: ScheduleFilter, $first: Int, $after: String) { schedules(filter: $filter, first: $first, after: $after) {
    totalCount nodes { id name nextFires fires(first: 2) { nodes { task { name status } } } } pageInfo { hasNextPage endCursor } } }`

  test('are filtered and paged, without what is deleted or of others', async () => {
    await addTaskType(graph.pool, 'listed')
    const ids: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) ids.push(await createId({ name, task: { ...TASK, type: 'listed' } }))
    await graph.ask(
      'mutation ($id: ID!) { deleteSchedule(input: { id: $id }) { __typename } pauseSchedule(input: { id: "" }) { __typename } }',
      { id: ids[3] },
    )
    await graph.ask('mutation ($id: ID!) { pauseSchedule(input: { id: $id }) { __typename } }', { id: ids[1] })
    const filter = { taskType: 'listed' }
    const { data: first } = await graph.ask(LIST, { filter, first: 2 })
    expect(first.schedules).toMatchObject({
      totalCount: 3,
      nodes: [{ name: 'c' }, { name: 'b' }],
      pageInfo: { hasNextPage: true },
    })
    const { data: second } = await graph.ask(LIST, { filter, first: 2, after: first.schedules.pageInfo.endCursor })
    expect(second.schedules).toMatchObject({ nodes: [{ name: 'a' }], pageInfo: { hasNextPage: false } })
    const { data: paused } = await graph.ask(LIST, { filter: { ...filter, status: { in: ['PAUSED'] } } })
    expect(paused.schedules.nodes).toMatchObject([{ name: 'b' }])
    const { data: named } = await graph.ask(LIST, { filter: { name: 'a' } })
    expect(named.schedules.nodes).toMatchObject([{ id: ids[0] }])
  })

  test('cost the same statements for two schedules and for twenty', async () => {
    await addTaskType(graph.pool, 'counted')
    for (let count = 0; count < 20; count++) {
      const id = await createId({ task: { ...TASK, type: 'counted' } })
      await dueNow(graph.pool, uuid(id))
    }
    await fireSchedules(graph.engine)
    const read = (first: number) => graph.ask(LIST, { filter: { taskType: 'counted' }, first })
    const few = await graph.statementsOf(() => read(2))
    const many = await graph.statementsOf(() => read(20))
    expect(many.length).toBe(few.length)
    expect(
      (await read(20)).data.schedules.nodes.every(
        (one: { fires: { nodes: object[] } }) => one.fires.nodes.length === 1,
      ),
    ).toBe(true)
  })
})

test('a task says that it missed its deadline, and is found by that', async () => {
  const past = new Date(Date.now() - 1000)
  await addTask(graph.pool, { name: 'late', created_by: 'late', deadline: past })
  await addTask(graph.pool, { name: 'early', created_by: 'late', deadline: new Date(Date.now() + 60_000) })
  expect(await missDeadlines(graph.engine)).toBe(1)
  const { data } = await graph.ask(
    `{ tasks(filter: { createdBy: "late", isOverdue: true }) { nodes { name isOverdue deadlineMissedAt
      events { events { __typename ... on TaskDeadlineMissed { deadline version } } } } }
      others: tasks(filter: { createdBy: "late", isOverdue: false }) { nodes { name isOverdue } } }`,
  )
  expect(data.tasks.nodes).toMatchObject([
    {
      name: 'late',
      isOverdue: true,
      events: { events: [{ __typename: 'TaskDeadlineMissed', deadline: past.toISOString(), version: 2 }] },
    },
  ])
  expect(data.others.nodes).toEqual([{ name: 'early', isOverdue: false }])
})

describe('a schedule of a workflow in the graph', () => {
  const WORKFLOW = { name: 'report', input: { a: 1 }, dueAtField: 'due' }
  const MAKE = `mutation ($input: CreateScheduleInput!) { createSchedule(input: $input) { __typename
    ... on CreateScheduleSuccess { schedule { id task { name } workflow { name version input dueAtField } } }
    ... on UnknownWorkflowError { workflow version } ... on UserError { code path } ... on ValidationError { issues { path message } } } }`
  const make = async (target: object) => {
    const { data, errors } = await graph.ask(MAKE, { input: { name: 'hourly', timing: DAILY, ...target } })
    expect(errors).toBeUndefined()
    return data.createSchedule
  }
  beforeAll(async () => {
    await createWorkflow(graph.engine, ACTOR, {
      definition: { name: 'report', steps: [{ id: 'a', type: 'TASK', task: 'custom' }] },
    })
  })

  test('is made, fires, and shows the run of each fire', async () => {
    const { schedule } = await make({ workflow: WORKFLOW })
    expect(schedule).toMatchObject({ task: null, workflow: { ...WORKFLOW, version: null } })
    const due = await dueNow(graph.pool, uuid(schedule.id))
    await fireSchedules(graph.engine)
    const { data: fired, errors } = await graph.ask(
      `mutation ($id: ID!) { fireSchedule(input: { id: $id }) { ... on FireScheduleSuccess { task { id } run { id status trigger schedule { id } fire { cause } } } } }`,
      { id: schedule.id },
    )
    expect(errors).toBeUndefined()
    expect(fired.fireSchedule).toMatchObject({
      task: null,
      run: {
        id: expect.stringMatching(/^run_/),
        status: 'PENDING',
        trigger: { kind: 'SCHEDULE', scheduleId: schedule.id, cause: 'HAND' },
        schedule: { id: schedule.id },
        fire: { cause: 'HAND' },
      },
    })
    const { data } = await graph.ask(
      `query ($id: ID!) { schedule(id: $id) { fires(first: 5) { nodes { cause dueAt taskId runId task { id } run { id } } } }
        schedules(filter: { workflow: "report" }) { nodes { id } }
        events(filter: { scheduleId: { eq: $id } }) { events { ... on ScheduleFired { startedTaskId startedRunId cause } } } }`,
      { id: schedule.id },
    )
    const run = expect.stringMatching(/^run_/)
    expect(data.schedule.fires.nodes).toEqual([
      {
        cause: 'HAND',
        dueAt: expect.any(String),
        taskId: null,
        task: null,
        runId: fired.fireSchedule.run.id,
        run: { id: fired.fireSchedule.run.id },
      },
      { cause: 'TIME', dueAt: due.toISOString(), taskId: null, task: null, runId: run, run: { id: run } },
    ])
    expect(data.schedules.nodes).toEqual([{ id: schedule.id }])
    expect(data.events.events.filter((event: { cause?: string }) => event.cause !== undefined)).toEqual([
      { cause: 'TIME', startedTaskId: null, startedRunId: run },
      { cause: 'HAND', startedTaskId: null, startedRunId: run },
    ])
  })

  test('is refused with what is wrong', async () => {
    expect(await make({ workflow: { name: 'nowhere', version: 2 } })).toEqual({
      __typename: 'UnknownWorkflowError',
      code: 'UNKNOWN_WORKFLOW',
      workflow: 'nowhere',
      version: 2,
      path: ['input', 'workflow'],
    })
    expect(await make({})).toMatchObject({ issues: [{ path: ['input', 'task'] }] })
    expect(await make({ workflow: WORKFLOW, task: TASK })).toMatchObject({ issues: [{ path: ['input', 'workflow'] }] })
  })

  test('is changed in part, and turned to a task', async () => {
    const { schedule } = await make({ workflow: WORKFLOW })
    const update = async (input: object) => {
      const { data, errors } = await graph.ask(
        `mutation ($input: UpdateScheduleInput!) { updateSchedule(input: $input) { __typename
          ... on UpdateScheduleSuccess { schedule { task { name } workflow { name version input dueAtField } } }
          ... on ValidationError { issues { path } } } }`,
        { input: { id: schedule.id, ...input } },
      )
      expect(errors).toBeUndefined()
      return data.updateSchedule
    }
    expect(await update({ workflowChanges: { version: 1, input: { b: 2 } } })).toMatchObject({
      schedule: { workflow: { name: 'report', version: 1, input: { b: 2 }, dueAtField: 'due' } },
    })
    expect(await update({ workflowChanges: { version: null } })).toMatchObject({
      schedule: { workflow: { version: null, input: { b: 2 } } },
    })
    expect(await update({ taskChanges: { name: 'x' } })).toMatchObject({ issues: [{ path: ['input', 'taskChanges'] }] })
    expect(await update({ task: TASK })).toMatchObject({ schedule: { task: { name: 'made' }, workflow: null } })
  })
})

// Last: the first key closes the open server.
test('schedules of another tenant are not seen', async () => {
  const id = await createId({ name: 'ours' })
  const key = await graph.key('VIEWER', { tenant: 'other' })
  const { data } = await graph.ask(
    `{ schedules { nodes { id } } schedule(id: "${id}") { id } node(id: "${id}") { id } }`,
    {},
    key,
  )
  expect(data).toEqual({ schedules: { nodes: [] }, schedule: null, node: null })
})
