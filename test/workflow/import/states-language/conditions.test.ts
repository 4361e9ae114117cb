import { expect, test } from 'vitest'
import { arn, shown } from './machines.ts'

test('a Choice becomes conditions, whose branches meet again with the data of the one that was taken', () => {
  const machine = {
    StartAt: 'Size',
    States: {
      Size: {
        Type: 'Choice',
        Choices: [
          {
            And: [{ Variable: '$.size', NumericGreaterThan: 100 }, { Not: { Variable: '$.dry', BooleanEquals: true } }],
            Next: 'Large',
          },
          { Variable: '$.kind', StringMatches: 'a*b.c', Next: 'Special' },
          { Variable: '$.note', IsPresent: true, Next: 'Report' },
        ],
        Default: 'Small',
      },
      Large: { Type: 'Task', Resource: arn('Large'), Next: 'Report' },
      Special: { Type: 'Fail', Error: 'NotYet', Cause: 'Special ones are not done' },
      Small: { Type: 'Pass', Result: { parts: 1 }, Next: 'Report' },
      Report: { Type: 'Task', Resource: arn('Report'), Parameters: { 'parts.$': '$.parts' }, End: true },
    },
  }
  expect(shown(machine)).toMatchInlineSnapshot(`
    "steps:
      - id: Size
        type: CONDITION
        name: Size
        if: ((input.size > 100) && !(input.dry == true))
        else:
          - Size_2
        then:
          - Large
      - id: Size_2
        type: CONDITION
        name: Size 2
        if: (input.kind.matches("^a.*b\\\\.c$"))
        else:
          - Size_3
        then:
          - Special
      - id: Size_3
        type: CONDITION
        name: Size 3
        if: ("note" in input)
        else:
          - Small
        then:
          - Report
      - id: Large
        name: Large
        type: TASK
        task: large
        input: \${{ input }}
      - id: Special
        name: Special
        type: WAIT
        duration: '\${{ {"": ""}["NotYet: Special ones are not done"] }}'
      - id: Small
        name: Small
        type: WAIT
        duration: 0s
      - id: Report
        name: Report
        type: TASK
        task: report
        input:
          parts: "\${{ (has(steps.Size_3.output) && steps.Size_3.output ? input.parts : (has(steps.Large.output) ? steps.Large.output.parts : (has(steps.Small.output) ? dyn(1) : dyn(null)))) }}"
        after:
          - Large
          - Small
    result: "\${{ (has(steps.Report.output) ? steps.Report.output : dyn(null)) }}"
    # a resource: a worker must serve the task type that is named after it
    # a state that fails: it fails with the code EXPRESSION, and its error and cause in the message
    # a Pass state: a WAIT of no time stands for it, what it hands on is in the expressions"
  `)
})

test('Catch becomes conditions over how the task ended', () => {
  const machine = {
    StartAt: 'Try',
    States: {
      Try: {
        Type: 'Task',
        Resource: arn('Try'),
        Catch: [
          { ErrorEquals: ['Gone', 'States.Timeout'], ResultPath: '$.error', Next: 'Repair' },
          { ErrorEquals: ['States.ALL'], Next: 'Tell' },
        ],
        Next: 'Go on',
      },
      Repair: {
        Type: 'Task',
        Resource: arn('Repair'),
        Parameters: { 'why.$': '$.error.Cause', 'id.$': '$.id' },
        Next: 'Go on',
      },
      Tell: { Type: 'Task', Resource: arn('Tell'), Next: 'Done' },
      'Go on': { Type: 'Task', Resource: arn('GoOn'), Parameters: { 'x.$': '$.x' }, Next: 'Done' },
      Done: { Type: 'Succeed' },
    },
  }
  expect(shown(machine)).toMatchInlineSnapshot(`
    "steps:
      - id: Try
        name: Try
        type: TASK
        task: try
        input: \${{ input }}
        onFailure: CONTINUE
      - id: Try_done
        type: CONDITION
        name: Try done
        if: has(steps.Try.output)
        after:
          - Try
        else:
          - Try_caught_1
        then:
          - Go_on
      - id: Try_caught_1
        type: CONDITION
        name: Try caught 1
        if: has(steps.Try.error) && steps.Try.error.code in ["Gone", "STEP_TIMEOUT"]
        then:
          - Repair
        else:
          - Tell
      - id: Repair
        name: Repair
        type: TASK
        task: repair
        input:
          why: '\${{ (has(steps.Try.error) ? {"Error": steps.Try.error.code, "Cause": steps.Try.error.message} : {"Error": "", "Cause": ""}).Cause }}'
          id: \${{ input.id }}
      - id: Go_on
        name: Go on
        type: TASK
        task: go_on
        input:
          x: "\${{ (has(steps.Try.output) ? steps.Try.output.x : (has(steps.Repair.output) ? steps.Repair.output.x : dyn(null))) }}"
        after:
          - Repair
      - id: Tell
        name: Tell
        type: TASK
        task: tell
        input: '\${{ (has(steps.Try.error) ? {"Error": steps.Try.error.code, "Cause": steps.Try.error.message} : {"Error": "", "Cause": ""}) }}'
      - id: Done
        name: Done
        type: WAIT
        duration: 0s
        after:
          - Go_on
          - Tell
    result: "\${{ (has(steps.Done.output) ? (has(steps.Go_on.output) ? steps.Go_on.output : (has(steps.Tell.output) ? steps.Tell.output : dyn(null))) : dyn(null)) }}"
    # a resource: a worker must serve the task type that is named after it"
  `)
})
