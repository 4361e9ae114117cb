import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Step, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { validateDefinition } from '../../../src/workflow/definition/validate.ts'
import { parse, tools } from './problems-of.ts'
import { task, workflowOf } from './samples.ts'

describe('the cost', () => {
  const time = (definition: WorkflowDefinition) => {
    const startedAt = performance.now()
    const problems = validateDefinition(definition, tools)
    return { problems, ms: performance.now() - startedAt }
  }
  const five = Array.from({ length: 5_000 }, (_, at) => at)

  test('a chain of 5,000 steps, each of which reads the one before and the first', () => {
    const steps = five.map((at) =>
      task(
        `s${at}`,
        at === 0 ? {} : { after: [`s${at - 1}`], input: `\${{ steps.s${at - 1}.output }} \${{ steps.s0.output }}` },
      ),
    )
    const { problems, ms } = time(workflowOf(...steps))
    expect(problems).toEqual([])
    expect(ms).toBeLessThan(5_000)
  })

  test('a join of many, and a cycle of many', () => {
    const join = [
      ...five.slice(1).map((at) => task(`s${at}`)),
      task('last', { after: five.slice(1).map((at) => `s${at}`) }),
    ]
    expect(time(workflowOf(...join))).toMatchObject({ problems: [], ms: expect.toSatisfy((ms: number) => ms < 5_000) })
    const cycle = five.map((at) => task(`s${at}`, { after: [`s${(at + 1) % 5_000}`] }))
    expect(time(workflowOf(...cycle)).problems).toMatchObject([{ code: 'CYCLE' }])
  })

  test('layers that all hang on all', () => {
    const layers = Array.from({ length: 10 }, (_, layer) => Array.from({ length: 100 }, (_, at) => `s${layer}_${at}`))
    const steps = layers.flatMap((ids, layer): Step[] =>
      ids.map((id) => task(id, layer === 0 ? {} : { after: layers[layer - 1]! })),
    )
    expect(time(workflowOf(...steps))).toMatchObject({
      problems: [],
      ms: expect.toSatisfy((ms: number) => ms < 10_000),
    })
  })
})

test('whatever fits the shape is judged without an exception', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd')
  const expression = fc.constantFrom(
    'true',
    'steps.a.output',
    'steps.b.status == "FAILED"',
    'item',
    'has(steps.c.output)',
    '((',
    '',
  )
  const condition = fc.oneof(expression.filter(Boolean), fc.record({ not: expression.filter(Boolean) }))
  const { step } = fc.letrec<{ step: Step }>((tie) => {
    const steps = fc.array(tie('step'), { minLength: 1, maxLength: 3 })
    const base = {
      id,
      after: fc.array(id, { maxLength: 2 }),
      when: condition,
      onFailure: fc.constantFrom('FAIL', 'SKIP', 'CONTINUE', 'COMPENSATE'),
    }
    const some = (own: Record<string, fc.Arbitrary<unknown>>, ...required: string[]) =>
      fc.record({ ...base, ...own }, { requiredKeys: ['id', 'type', ...required] as never })
    return {
      step: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        some(
          {
            type: fc.constant('TASK'),
            task: fc.constant('custom'),
            input: expression.map((text) => `\${{ ${text} }}`),
          },
          'task',
        ),
        some({ type: fc.constant('CONDITION'), if: condition, then: fc.array(id), else: fc.array(id) }, 'if'),
        some({ type: fc.constantFrom('SEQUENTIAL', 'PARALLEL'), steps }, 'steps'),
        some({ type: fc.constant('LOOP'), steps, while: condition, until: condition }, 'steps'),
        some({ type: fc.constant('MAP'), steps, items: expression.filter(Boolean) }, 'steps', 'items'),
      ) as fc.Arbitrary<unknown> as fc.Arbitrary<Step>,
    }
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      const parsed = parse(workflowOf(...steps))
      expect(parsed.ok).toBe(true)
      validateDefinition(workflowOf(...steps), tools)
    }),
    { numRuns: 300 },
  )
})
