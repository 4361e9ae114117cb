import { describe, expect, test } from 'vitest'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { graphTriggers } from '../support/graph-triggers.ts'

const { graph, as, createId, send, verb } = await graphTriggers()

describe('triggers', () => {
  const LIST = `query ($filter: TriggerFilter, $first: Int, $after: String) { triggers(filter: $filter, first: $first, after: $after) {
    totalCount nodes { id name } pageInfo { hasNextPage endCursor } } }`
  const list = async (variables: object) => (await as('VIEWER', LIST, variables)).data.triggers

  test('are listed by what they are, and by the key that they take', async () => {
    const names = (page: { nodes: { name: string }[] }) => page.nodes.map(({ name }) => name)
    await createId({ name: 'one', key: 'listed/1' })
    const two = await createId({ name: 'two', key: null, keyPrefix: 'listed/' })
    await createId({ name: 'three', key: 'listed/3', workflow: { name: 'ship' } })
    expect(names(await list({ filter: { takesKey: 'listed/1' } }))).toEqual(['two', 'one'])
    expect(names(await list({ filter: { takesKey: 'listed/3', workflow: 'ship' } }))).toEqual(['three'])
    expect(names(await list({ filter: { takesKey: 'listed/3', taskType: 'custom' } }))).toEqual(['two'])
    expect(names(await list({ filter: { name: 'one' } }))).toEqual(['one'])
    await verb('pauseTrigger', { id: two }, 'trigger { id }', 'OPERATOR')
    expect(names(await list({ filter: { status: { eq: 'PAUSED' }, name: 'two' } }))).toEqual(['two'])
    expect(names(await list({ filter: { takesKey: 'listed/1' } }))).toEqual(['one'])
    const first = await list({ first: 2 })
    expect(names(first)).toEqual(['three', 'two'])
    expect(first.pageInfo.hasNextPage).toBe(true)
    expect(names(await list({ first: 1, after: first.pageInfo.endCursor }))).toEqual(['one'])
    expect(first.totalCount).toBeGreaterThanOrEqual(3)
  })

  test('of another tenant are not there', async () => {
    const key = await graph.key('ADMIN', { tenant: 'other' })
    const id = await createId({ key: 'mine' })
    const { data } = await graph.ask(
      'query ($id: ID!) { trigger(id: $id) { id } triggers { nodes { id } } node(id: $id) { id } }',
      { id },
      key,
    )
    expect(data).toEqual({ trigger: null, triggers: { nodes: [] }, node: null })
    const none = encodeTypeId('trigger', newUuid())
    expect((await as('VIEWER', 'query ($id: ID!) { trigger(id: $id) { id } }', { id: none })).data).toEqual({
      trigger: null,
    })
    expect((await as('VIEWER', 'query { trigger(id: "task_1") { id } }')).errors).toMatchObject([
      { extensions: { code: 'BAD_ID' } },
    ])
    expect(graph.hidden).toEqual([])
  })

  test('cost the same number of statements for 3 and for 30 with their firings, events and what these started', async () => {
    const nested = `{ triggers(first: 50) { nodes { id name firings(first: 3) { nodes { status task { name } run { status } event { key firings { id } } } } } } }`
    const key = await graph.key('VIEWER')
    await graph.ask('{ __typename }', {}, key)
    const statementsFor = async (count: number) => {
      for (let n = 0; n < count; n++)
        await createId({ key: 'counted', ...(n % 2 === 0 && { workflow: { name: 'ship' } }) })
      await send('counted', {})
      await fireTriggers(graph.engine)
      return (await graph.statementsOf(() => graph.ask(nested, {}, key))).length
    }
    const few = await statementsFor(3)
    expect(await statementsFor(30)).toBe(few)
  })
})
