import { expect, test } from 'vitest'
import { arn, imported, shown } from './machines.ts'

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
