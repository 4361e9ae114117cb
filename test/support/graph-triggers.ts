import { afterAll, expect } from 'vitest'
import type { Role } from '../../src/access/role.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { ACTOR } from './engine.ts'
import { type Answer, startGraph, type TestGraph } from './graph.ts'
import { addTaskType } from './tasks.ts'

/** Triggers whose verbs are asked of the graph, each with a key of the role that it needs. */
export interface GraphTriggers {
  readonly graph: TestGraph
  as(role: Role, query: string, variables?: object): Promise<Answer>
  /** Asks for a trigger, of the key `order` and for {@link TASK} unless the input says otherwise; the answer of the mutation. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  create(input?: object): Promise<any>
  /** @returns TypeID of the trigger */
  createId(input?: object): Promise<string>
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  send(key: string, payload?: unknown): Promise<any>
  /** A verb about one trigger; the answer of its mutation. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  verb(name: string, input: object, fields: string, role?: Role): Promise<any>
}

/** What triggers of tests make. */
export const TASK = { name: 'made', type: 'custom' }

export const CREATE = `mutation ($input: CreateTriggerInput!) { createTrigger(input: $input) { __typename
  ... on CreateTriggerSuccess { trigger { id name status version key keyPrefix condition coolDown maxPerHour maxPerDay description
    task { name type input labels tags concurrencyKey deadlineAfter retry { maxAttempts } queue } workflow { name version input }
    startedOfHour startedOfDay startedCount skippedCount failedCount lastStartedAt createdBy deletedAt firings { nodes { id } } } }
  ... on UserError { code message path } ... on ValidationError { issues { path message } } } }`

/** Over a graph with the workflow `ship`, until the tests of the file are over: awaited at its top. */
export async function graphTriggers(): Promise<GraphTriggers> {
  const graph = await startGraph({ mode: 'keys' })
  afterAll(() => graph.stop())
  await addTaskType(graph.pool, TASK.type, { tenant: 'default' })
  await createWorkflow(graph.engine, ACTOR, {
    definition: {
      name: 'ship',
      input: { type: 'object', properties: { order: { type: 'number' } } },
      steps: [{ id: 'a', type: 'TASK', task: TASK.type }],
    },
  })

  const as: GraphTriggers['as'] = async (role, query, variables = {}) =>
    graph.ask(query, variables, await graph.key(role))
  const sound = ({ data, errors }: Answer) => {
    expect(errors).toBeUndefined()
    return data
  }
  const create: GraphTriggers['create'] = async (input = {}) => {
    const whole = { name: 'on order', key: 'order', ...('workflow' in input ? {} : { task: TASK }), ...input }
    return sound(await as('DEVELOPER', CREATE, { input: whole })).createTrigger
  }
  return {
    graph,
    as,
    create,
    createId: async (input) => (await create(input)).trigger.id,
    async send(key, payload = null) {
      const answer = await as(
        'DEVELOPER',
        'mutation ($input: SendEventInput!) { sendEvent(input: $input) { ... on SendEventSuccess { triggered woken event { id triggered } } } }',
        { input: { key, payload } },
      )
      return sound(answer).sendEvent
    },
    async verb(name, input, fields, role = 'DEVELOPER') {
      const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
      const answer = await as(
        role,
        `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { ${fields} }
          ... on UserError { code message path } ... on ValidationError { issues { path message } } } }`,
        { input },
      )
      return sound(answer)[name]
    },
  }
}
