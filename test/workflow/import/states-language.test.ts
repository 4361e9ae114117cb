import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createWorkflowCheck } from '../../../src/workflow/definition/check-workflow.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'
import { importStatesLanguage } from '../../../src/workflow/import/states-language/import-states.ts'

const check = createWorkflowCheck()
const arn = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`

function imported(machine: unknown) {
  const found = importStatesLanguage(machine, { name: 'machine' })
  if (!found.ok) throw new Error(JSON.stringify(found.problems))
  expect(check.value(found.definition)).toMatchObject({ ok: true, problems: [] })
  return found
}

/** The steps as YAML, and what does not map. */
function shown(machine: unknown): string {
  const { definition, unmapped } = imported(machine)
  const { steps, result } = definition
  return `${stringify({ steps, result }, { lineWidth: 0 })}${unmapped.map(({ reason }) => `# ${reason}`).join('\n')}`
}

test('states in a row hand on what they give', () => {
  const machine = {
    Comment: 'An order',
    TimeoutSeconds: 3_600,
    StartAt: 'Load Order',
    States: {
      'Load Order': {
        Type: 'Task',
        Resource: arn('LoadOrder'),
        Parameters: { 'id.$': '$.orderId', kind: 'full', 'run.$': '$$.Execution.Id' },
        ResultPath: '$.order',
        TimeoutSeconds: 30,
        HeartbeatSeconds: 10,
        Retry: [
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 4, BackoffRate: 1.5, MaxDelaySeconds: 60 },
        ],
        Next: 'Settle',
      },
      Settle: { Type: 'Wait', SecondsPath: '$.order.delay', Next: 'Charge' },
      Charge: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: {
          FunctionName: arn('chargeCard'),
          Payload: {
            'total.$': '$.order.total',
            'text.$': "States.Format('Order {} of {}', $.orderId, $.order.owner)",
          },
        },
        ResultSelector: { 'receipt.$': '$.Payload.receipt' },
        OutputPath: '$.receipt',
        End: true,
      },
    },
  }
  expect(imported(machine).definition).toMatchObject({
    name: 'machine',
    description: 'An order',
    limits: { timeout: '3600s' },
  })
  expect(shown(machine)).toMatchInlineSnapshot(`
    "steps:
      - id: Load_Order
        name: Load Order
        type: TASK
        task: load_order
        input:
          id: \${{ input.orderId }}
          kind: full
          run: \${{ run.id }}
        options:
          timeouts:
            heartbeat: 10s
        timeout: 30s
        retry:
          maxAttempts: 5
          strategy: exponential
          initial: 2s
          factor: 1.5
          max: 60s
          jitter: 0
      - id: Settle
        name: Settle
        type: WAIT
        duration: \${{ string(steps.Load_Order.output.delay) + "s" }}
        after:
          - Load_Order
      - id: Charge
        name: Charge
        type: TASK
        task: charge_card
        input:
          total: \${{ steps.Load_Order.output.total }}
          text: \${{ "Order " + string(input.orderId) + " of " + string(steps.Load_Order.output.owner) }}
        after:
          - Settle
    result: \${{ steps.Charge.output.Payload.receipt }}
    # a resource: a worker must serve the task type that is named after it"
  `)
})

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

test('Parallel and Map become containers', () => {
  const machine = {
    StartAt: 'Both',
    States: {
      Both: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'A1',
            States: {
              A1: { Type: 'Task', Resource: arn('A1'), Next: 'A2' },
              A2: { Type: 'Task', Resource: arn('A2'), End: true },
            },
          },
          { StartAt: 'B', States: { B: { Type: 'Task', Resource: arn('B'), InputPath: '$.b', End: true } } },
        ],
        ResultPath: '$.both',
        Next: 'Each',
      },
      Each: {
        Type: 'Map',
        ItemsPath: '$.list',
        MaxConcurrency: 3,
        ToleratedFailureCount: 2,
        ItemSelector: { 'one.$': '$$.Map.Item.Value.id', 'at.$': '$$.Map.Item.Index', 'first.$': '$.both[0].x' },
        ItemProcessor: { StartAt: 'Work', States: { Work: { Type: 'Task', Resource: arn('Work'), End: true } } },
        End: true,
      },
    },
  }
  expect(shown(machine)).toMatchInlineSnapshot(`
    "steps:
      - id: Both
        name: Both
        type: PARALLEL
        steps:
          - id: Both_branch_1
            type: SEQUENTIAL
            steps:
              - id: A1
                name: A1
                type: TASK
                task: a1
                input: \${{ input }}
              - id: A2
                name: A2
                type: TASK
                task: a2
                input: \${{ steps.A1.output }}
          - id: B
            name: B
            type: TASK
            task: b
            input: \${{ input.b }}
      - id: Each
        name: Each
        type: MAP
        items: input.list
        maxParallel: 3
        tolerateFailures: 2
        steps:
          - id: Work
            name: Work
            type: TASK
            task: work
            input:
              one: \${{ item.id }}
              at: \${{ index }}
              first: \${{ [steps.Both.output.Both_branch_1, steps.Both.output.B][0].x }}
        after:
          - Both
    result: \${{ steps.Each.output }}
    # a resource: a worker must serve the task type that is named after it"
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

describe('rules of a Choice mean in CEL what they mean there', () => {
  const language = createWorkflowLanguage()
  const input = {
    s: 'abc',
    n: 3,
    b: true,
    t: '2026-01-01T00:00:00Z',
    z: null,
    o: { deep: 1 },
    l: [1, 2],
    s2: 'abd',
    n2: 3,
  }
  test.each<[object, boolean]>([
    [{ Variable: '$.s', StringEquals: 'abc' }, true],
    [{ Variable: '$.s', StringLessThanPath: '$.s2' }, true],
    [{ Variable: '$.n', NumericEqualsPath: '$.n2' }, true],
    [{ Variable: '$.n', NumericGreaterThanEquals: 3 }, true],
    [{ Variable: '$.n', NumericLessThan: 3 }, false],
    [{ Variable: '$.b', BooleanEquals: false }, false],
    [{ Variable: '$.t', TimestampLessThan: '2026-06-01T00:00:00Z' }, true],
    [{ Variable: '$.s', StringMatches: 'a*' }, true],
    [{ Variable: '$.s', StringMatches: 'a\\*' }, false],
    [{ Variable: '$.s', StringMatches: 'a.c' }, false],
    [{ Variable: '$.z', IsNull: true }, true],
    [{ Variable: '$.s', IsNull: false }, true],
    [{ Variable: '$.s', IsString: true }, true],
    [{ Variable: '$.n', IsNumeric: true }, true],
    [{ Variable: '$.b', IsBoolean: true }, true],
    [{ Variable: '$.o.deep', IsPresent: true }, true],
    [{ Variable: '$.p.deep', IsPresent: true }, false],
    [{ Variable: '$.o.none', IsPresent: false }, true],
    [{ Variable: '$.l[1]', IsPresent: true }, true],
    [{ Variable: '$.l[2]', IsPresent: true }, false],
    [{ Or: [{ Variable: '$.n', NumericEquals: 1 }, { Not: { Variable: '$.b', BooleanEquals: false } }] }, true],
    [
      {
        And: [
          { Variable: '$.p', IsPresent: true },
          { Variable: '$.p', StringEquals: 'x' },
        ],
      },
      false,
    ],
  ])('%j is %s', (rule, value) => {
    const { definition } = imported({
      StartAt: 'C',
      States: {
        C: { Type: 'Choice', Choices: [{ ...rule, Next: 'Y' }], Default: 'N' },
        Y: { Type: 'Succeed' },
        N: { Type: 'Succeed' },
      },
    })
    const [choice] = definition.steps
    expect(language.evaluate((choice as { if: string }).if, { input })).toEqual({ ok: true, value })
  })
})
