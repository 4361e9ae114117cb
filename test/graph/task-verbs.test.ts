import { beforeAll, describe, expect, test } from 'vitest'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { addTask, addTaskType } from '../support/tasks.ts'

const { graph } = await graphFixture()
beforeAll(() => addTaskType(graph.pool, 'custom'))

const id = (uuid: string) => encodeTypeId('task', uuid)

const ERRORS = `... on UserError { code message path } ... on ValidationError { issues { path message } }`

describe('verbs about one task', () => {
  const RESULT = `{ __typename ... on IllegalTransitionError { from command taskId } ... on VersionConflictError { expectedVersion actualVersion } ${ERRORS}`

  test('pause, resume, cancel and retry it', async () => {
    const uuid = await addTask(graph.pool)
    const steps = [
      ['pauseTask', 'PauseTaskInput', {}, 'PAUSED'],
      ['resumeTask', 'ResumeTaskInput', {}, 'READY'],
      ['cancelTask', 'CancelTaskInput', { reason: 'enough' }, 'CANCELLED'],
      ['retryTask', 'RetryTaskInput', {}, 'READY'],
    ] as const
    for (const [verb, input, more, status] of steps) {
      const success = `${verb[0]!.toUpperCase()}${verb.slice(1)}Success`
      const { data, errors } = await graph.ask(
        `mutation ($input: ${input}!) { ${verb}(input: $input) ${RESULT} ... on ${success} { task { status } } } }`,
        { input: { id: id(uuid), ...more } },
      )
      expect(errors).toBeUndefined()
      expect(data[verb]).toMatchObject({ __typename: success, task: { status } })
    }
  })

  test('refuse what cannot be, with what stands in the way', async () => {
    const done = await addTask(graph.pool, { status: 'COMPLETED' })
    const ask = async (verb: string, input: object) => {
      const type = `${verb[0]!.toUpperCase()}${verb.slice(1)}Input`
      const { data } = await graph.ask(`mutation ($input: ${type}!) { ${verb}(input: $input) ${RESULT} } }`, { input })
      return data[verb]
    }
    for (const verb of ['cancelTask', 'pauseTask', 'resumeTask']) {
      expect(await ask(verb, { id: id(done) })).toMatchObject({
        __typename: 'IllegalTransitionError',
        from: 'COMPLETED',
        taskId: id(done),
      })
      expect(await ask(verb, { id: id(newUuid()) })).toMatchObject({
        __typename: 'NotFoundError',
        path: ['input', 'id'],
      })
      expect(await ask(verb, { id: 'nonsense' })).toMatchObject({
        __typename: 'ValidationError',
        path: ['input', 'id'],
      })
      expect(await ask(verb, { id: id(done), expectedVersion: 7 })).toMatchObject({
        __typename: 'VersionConflictError',
        expectedVersion: 7,
        actualVersion: 1,
      })
    }
  })

  test('change it, and take away what can be absent', async () => {
    const uuid = await addTask(graph.pool, { description: 'old', deadline: new Date('2090-01-01') })
    const { data } = await graph.ask(
      `mutation ($input: UpdateTaskInput!) { updateTask(input: $input) ${RESULT} ... on UpdateTaskSuccess {
         task { name description deadline priority tags labels version } } } }`,
      {
        input: {
          id: id(uuid),
          expectedVersion: 1,
          name: 'new',
          description: null,
          deadline: null,
          priority: 'LOW',
          tags: ['t'],
          labels: { a: 'b' },
        },
      },
    )
    expect(data.updateTask.task).toEqual({
      name: 'new',
      description: null,
      deadline: null,
      priority: 'LOW',
      tags: ['t'],
      labels: { a: 'b' },
      version: 2,
    })
  })
})
