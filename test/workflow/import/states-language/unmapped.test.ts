import { describe, expect, test } from 'vitest'
import { importStatesLanguage } from '../../../../src/workflow/import/states-language/import-states.ts'
import { arn, imported } from './machines.ts'

describe('what does not map is refused or told', () => {
  const state = (more: object) => ({
    StartAt: 'A',
    States: { A: { Type: 'Task', Resource: arn('A'), End: true, ...more } },
  })

  test.each<[string, unknown, string]>([
    ['no machine', 'x', 'is no state machine'],
    ['no states', { StartAt: 'A', States: {} }, 'is missing, or holds no state'],
    ['a wrong start', { ...state({}), StartAt: 'B' }, 'names no state'],
    ['JSONata', { ...state({}), QueryLanguage: 'JSONata' }, 'is JSONata, which is not read'],
    ['JSONata in a state', state({ QueryLanguage: 'JSONata' }), 'is JSONata, which is not read'],
    ['an unknown type', state({ Type: 'Jump' }), 'is not one of Task, Pass'],
    ['an unknown target', state({ Next: 'Nowhere' }), 'names no state beside this one'],
    ['no way on', { StartAt: 'A', States: { A: { Type: 'Pass' } } }, 'is missing: give Next, or End: true'],
    [
      'a way back',
      {
        StartAt: 'A',
        States: {
          A: { Type: 'Pass', Next: 'B' },
          B: { Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, Next: 'A' }], Default: 'C' },
          C: { Type: 'Succeed' },
        },
      },
      'goes back: A → B → A. Such a circle does not map; write it as a LOOP',
    ],
    ['a filter in a path', state({ InputPath: '$.list[?(@.a)]' }), 'only fields and places are read'],
    [
      'an unknown function',
      state({ Parameters: { 'id.$': 'States.UUID()' } }),
      'has no counterpart for the function States.UUID',
    ],
    [
      'the context object',
      state({ Parameters: { 'id.$': '$$.Task.Token' } }),
      'has no counterpart for $$.Task.Token of the context object',
    ],
    [
      'all data with a result in it',
      {
        StartAt: 'A',
        States: {
          A: { Type: 'Task', Resource: arn('A'), ResultPath: '$.a', Next: 'B' },
          B: { Type: 'Task', Resource: arn('B'), End: true },
        },
      },
      'hands on all data with a put into it',
    ],
    [
      'items from outside',
      state({ Type: 'Map', ItemReader: {}, ItemProcessor: state({}) }),
      'reads its items from outside',
    ],
    [
      'a broken branch',
      state({ Type: 'Parallel', Branches: [{ StartAt: 'X', States: {} }] }),
      'is missing, or holds no state',
    ],
  ])('%s', (_name, machine, message) => {
    const found = importStatesLanguage(machine, { name: 'x' })
    expect(found).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([{ path: expect.anything(), message: expect.stringContaining(message) }]),
    })
  })

  test('with its place, and how often', () => {
    const { unmapped } = imported({
      StartAt: 'A',
      States: {
        A: {
          Type: 'Task',
          Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
          Credentials: {},
          Retry: [{ ErrorEquals: ['X'] }, { ErrorEquals: ['States.ALL'] }],
          Next: 'B',
        },
        B: { Type: 'Task', Resource: arn('B'), End: true },
        Lost: { Type: 'Succeed' },
      },
    })
    expect(unmapped.map(({ path, count, reason }) => `${path.join('.')} (${count}) ${reason}`)).toMatchInlineSnapshot(`
      [
        "States.Lost (1) a state that nothing leads to is left out",
        "States.A.Credentials (1) the field Credentials is left out",
        "States.A.Resource (1) waiting for a task token: the task completes when its handler says so; park it, or take a WEBHOOK with callback",
        "States.A.Resource (2) a resource: a worker must serve the task type that is named after it",
        "States.A.Retry.1 (1) retriers after the first: a step has one rule for its retries",
        "States.A.Retry.0.ErrorEquals (1) the errors that are retried: all are, but for those that say they cannot be",
      ]
    `)
  })
})
