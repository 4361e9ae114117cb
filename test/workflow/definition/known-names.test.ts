import { describe, expect, test } from 'vitest'
import { type Known, namesOf } from '../../../src/workflow/definition/validate/check-known.ts'
import { problemsOf } from './problems-of.ts'
import { task, WHOLE_DEFINITION, workflowOf } from './samples.ts'

describe('what a definition names outside of itself', () => {
  const known: Known = {
    taskTypes: new Map([
      ['custom', {}],
      [
        'resize_image',
        {
          input: {
            type: 'object',
            required: ['url', 'width'],
            additionalProperties: false,
            properties: {
              url: { type: 'string' },
              width: { type: 'integer' },
              to: { type: 'object', required: ['a'] },
            },
          },
        },
      ],
    ]),
    workflows: new Map([['deploy', { versions: [1, 3], input: { type: 'object', required: ['env'] } }]]),
    handlers: new Map([['slack.send', {}]]),
  }
  const definition = workflowOf(
    task('a', { task: 'resize_imag' }),
    task('b', { task: 'resize_image' }),
    task('c', { task: 'resize_image', input: { url: 5, width: 3, to: {} } }),
    task('d', { task: 'resize_image', input: { url: '${{ input.url }}', wdth: 3, to: { b: '${{ input.b }}' } } }),
    task('e', { task: 'resize_image', input: { url: '${{ input.url }}', width: '${{ input.width }}', to: {} } }),
    task('f', { task: 'resize_image', input: '${{ input }}' }),
    { id: 'g', type: 'SUBWORKFLOW', workflow: 'deplyo', input: {} },
    { id: 'h', type: 'SUBWORKFLOW', workflow: 'deploy', version: 2, input: {} },
    { id: 'i', type: 'SUBWORKFLOW', workflow: 'deploy', input: {} },
    { id: 'j', type: 'SUBWORKFLOW', workflow: 'sample' },
    { id: 'k', type: 'CUSTOM', handler: 'slack.sent' },
  )
  const expected = [
    'UNKNOWN_TASK_TYPE steps[0].task: there is no task type "resize_imag"; did you mean "resize_image"?',
    "INPUT_MISFIT steps[1].input: must have required property 'url'",
    "INPUT_MISFIT steps[1].input: must have required property 'width'",
    'INPUT_MISFIT steps[2].input.url: must be string',
    "INPUT_MISFIT steps[2].input.to: must have required property 'a'",
    "INPUT_MISFIT steps[3].input: must have required property 'width'",
    'INPUT_MISFIT steps[3].input.wdth: is no field of this input; did you mean width?',
    "INPUT_MISFIT steps[4].input.to: must have required property 'a'",
    'UNKNOWN_WORKFLOW steps[6].workflow: there is no workflow "deplyo"; did you mean "deploy"?',
    'UNKNOWN_WORKFLOW steps[7].version: "deploy" has no version 2; there are 1, 3',
    "INPUT_MISFIT steps[8].input: must have required property 'env'",
    'UNKNOWN_HANDLER steps[10].handler: there is no step handler "slack.sent"; did you mean "slack.send"?',
  ]

  test('is looked up, and inputs are held to the schemas as far as they are written down', () => {
    expect(problemsOf(definition, known)).toEqual(expected)
    expect(problemsOf(definition)).toEqual([])
  })

  test('may be a warning where it is unknown', () => {
    const found = problemsOf(definition, { ...known, unknown: 'warning' })
    expect(found.filter((problem) => problem.startsWith('warning')).map((problem) => problem.slice(9))).toEqual(
      expected.filter((problem) => problem.startsWith('UNKNOWN')),
    )
  })

  test('is listed for those who look it up', () => {
    expect(namesOf(WHOLE_DEFINITION)).toEqual({
      taskTypes: ['code_analysis', 'custom'],
      workflows: ['undo.all', 'deploy-to.cloud'],
      handlers: ['slack', 'slack.send'],
    })
  })
})
