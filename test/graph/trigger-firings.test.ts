import { describe, expect, test } from 'vitest'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { graphTriggers } from '../support/graph-triggers.ts'

const { graph, as, createId, send, verb } = await graphTriggers()

describe('firings in the graph', () => {
  test('are shown with their events and what they started, by status, in pages, and from the other ends', async () => {
    const runs = await createId({
      key: 'shown',
      condition: 'payload.id != 2.0',
      workflow: { name: 'ship', input: { order: '${{ payload.id }}' } },
    })
    const tasks = await createId({ key: 'shown', coolDown: 'PT1H' })
    const sent = []
    for (let id = 1; id <= 3; id++) sent.push(await send('shown', { id }))
    expect(sent.map(({ triggered, event }) => [triggered, event.triggered])).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ])
    await fireTriggers(graph.engine)
    const FIRINGS = `query ($id: ID!, $status: [FiringStatus!], $first: Int, $after: String) { trigger(id: $id) {
      startedCount skippedCount startedOfHour startedOfDay lastStartedAt
      firings(status: $status, first: $first, after: $after) { nodes { id status skipReason firedAt event { id key payload } taskId task { name }
        runId run { id input trigger firing { id trigger { id } } } } pageInfo { hasNextPage endCursor } } } }`
    const page = async (variables: object) => (await as('VIEWER', FIRINGS, variables)).data.trigger
    const first = await page({ id: runs, first: 2 })
    expect(first).toMatchObject({ startedCount: 2, skippedCount: 1, startedOfHour: 2, startedOfDay: 2 })
    expect(first.firings).toMatchObject({
      nodes: [
        {
          status: 'STARTED',
          event: { id: sent[2].event.id, key: 'shown', payload: { id: 3 } },
          task: null,
          run: { input: { order: 3 }, trigger: { kind: 'EVENT', triggerId: runs }, firing: { trigger: { id: runs } } },
        },
        { status: 'SKIPPED', skipReason: 'CONDITION', run: null, firedAt: expect.any(String) },
      ],
      pageInfo: { hasNextPage: true },
    })
    const rest = await page({ id: runs, first: 2, after: first.firings.pageInfo.endCursor })
    expect(rest.firings).toMatchObject({
      nodes: [{ event: { id: sent[0].event.id } }],
      pageInfo: { hasNextPage: false },
    })
    const started = await page({ id: tasks, status: ['STARTED', 'FAILED'] })
    expect(started.firings.nodes).toMatchObject([{ status: 'STARTED', task: { name: 'made' }, runId: null }])
    const skipped = await page({ id: tasks, status: ['SKIPPED'] })
    expect(skipped.firings.nodes.map(({ skipReason }: { skipReason: string }) => skipReason)).toEqual([
      'COOL_DOWN',
      'COOL_DOWN',
    ])
    const { data } = await as(
      'VIEWER',
      `query ($id: ID!, $firing: ID!) { receivedEvent(id: $id) { triggered firings { status trigger { id } run { id } } }
        triggerFiring(id: $firing) { id status } node(id: $firing) { __typename } }`,
      { id: sent[0].event.id, firing: rest.firings.nodes[0].id },
    )
    expect(data).toMatchObject({
      receivedEvent: {
        firings: [
          { status: 'STARTED', trigger: { id: runs }, run: { id: rest.firings.nodes[0].runId } },
          { status: 'STARTED', trigger: { id: tasks }, run: null },
        ],
      },
      triggerFiring: { status: 'STARTED' },
      node: { __typename: 'TriggerFiring' },
    })
  })

  test('stand in the log of events', async () => {
    const id = await createId({ key: 'logged', maxPerHour: 1 })
    const broken = await createId({ key: 'logged', condition: 'payload.gone' })
    const sent = [await send('logged'), await send('logged')]
    await fireTriggers(graph.engine)
    await verb('updateTrigger', { id, name: 'other', maxPerHour: 2 }, 'trigger { id }')
    const { data, errors } = await as(
      'VIEWER',
      `query { events(first: 100, filter: { kind: { in: [TRIGGER_CREATED, TRIGGER_FIRED, TRIGGER_FIRING_SKIPPED, TRIGGER_FIRING_FAILED, TRIGGER_UPDATED] } }) {
        events { __typename actor ... on TriggerEvent { triggerId version trigger { name } }
          ... on TriggerFired { firingId receivedEventId startedTaskId startedRunId } ... on TriggerFiringSkipped { skipReason receivedEventId }
          ... on TriggerFiringFailed { errorCode errorMessage } ... on TriggerUpdated { fields } } } }`,
    )
    expect(errors).toBeUndefined()
    const of = (triggerId: string) =>
      data.events.events.filter((event: { triggerId: string }) => event.triggerId === triggerId)
    expect(of(id)).toMatchObject([
      { __typename: 'TriggerCreated', actor: 'a DEVELOPER', version: 1, trigger: { name: 'other' } },
      {
        __typename: 'TriggerFired',
        actor: null,
        firingId: expect.stringMatching(/^firing_/),
        receivedEventId: sent[0].event.id,
        startedTaskId: expect.stringMatching(/^task_/),
        startedRunId: null,
      },
      { __typename: 'TriggerFiringSkipped', skipReason: 'MAX_PER_HOUR', receivedEventId: sent[1].event.id },
      { __typename: 'TriggerUpdated', version: 2, fields: expect.arrayContaining(['name', 'maxPerHour']) },
    ])
    expect(of(broken)).toMatchObject([
      { __typename: 'TriggerCreated' },
      {
        __typename: 'TriggerFiringFailed',
        errorCode: 'EXPRESSION',
        errorMessage: expect.stringContaining('payload.gone'),
      },
      { __typename: 'TriggerFiringFailed' },
    ])
  })
})
