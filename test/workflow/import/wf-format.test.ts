import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWorkflowCheck } from '../../../src/workflow/definition/check-workflow.ts'
import { importWfFormat } from '../../../src/workflow/import/wf-format.ts'
import { makeWfInstance } from './wf-instance.ts'

const check = createWorkflowCheck()

/** The same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('an instance of WfCommons', () => {
  test('becomes simulated tasks that come after their parents and take as long as was measured', () => {
    const widths = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(widths, fc.nat(), (layers, seed) => {
        const instance = makeWfInstance(layers, randomOf(seed))
        const imported = importWfFormat(instance, { timeScale: 0.1 })
        if (!imported.ok) throw new Error(JSON.stringify(imported.problems))
        const { steps } = imported.definition
        const { tasks } = instance.workflow.specification
        expect(check.value(imported.definition)).toMatchObject({ ok: true, problems: [] })
        expect(steps).toHaveLength(tasks.length)
        const idOf = new Map(tasks.map(({ id }, at) => [id, steps[at]!.id]))
        for (const [at, { parents }] of tasks.entries()) {
          expect(new Set(steps[at]!.after ?? [])).toEqual(new Set(parents.map((parent) => idOf.get(parent))))
          const { runtimeInSeconds } = instance.workflow.execution.tasks[at]!
          expect(steps[at]).toMatchObject({
            type: 'TASK',
            task: 'simulated_work',
            input: { durationMs: Math.round(runtimeInSeconds * 100) },
          })
        }
      }),
      { numRuns: 50 },
    )
  })

  test('says what of it does not map', () => {
    const imported = importWfFormat(makeWfInstance([1, 2], randomOf(1)), { taskType: 'custom', maxParallelSteps: 7 })
    expect(imported).toMatchObject({
      ok: true,
      definition: { name: 'layers-of-tasks', limits: { maxParallelSteps: 7 } },
    })
    expect(imported.ok && imported.unmapped.map(({ reason, count }) => `${count} × ${reason}`)).toEqual([
      '3 × files that a task reads and writes: nothing is moved, tasks are simulated',
      '1 × sizes of files: nothing is moved, tasks are simulated',
      '3 × the program of a task: it is told in the input, and not run',
      '3 × cores and memory that a task used: they are not asked of the worker',
      '3 × the machine that ran a task: any worker may',
      '1 × the machines of the measured run',
      '1 × the time of the measured run as a whole',
    ])
  })

  test('of over a thousand tasks is read in a second', () => {
    const instance = makeWfInstance([1, 400, 400, 400, 1], randomOf(7))
    const startedAt = performance.now()
    const imported = importWfFormat(instance)
    expect(imported.ok && check.value(imported.definition).ok).toBe(true)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test('may tell of a child only at its parent, or the other way round, and of names that are alike', () => {
    const { workflow, ...instance } = makeWfInstance([1, 1], randomOf(1))
    const [first, second] = workflow.specification.tasks
    const tasks = [
      { ...first, id: 'a b', children: ['a.b'] },
      { ...second, id: 'a.b', parents: [] },
      { ...second, id: '1', parents: ['a.b'] },
    ]
    const imported = importWfFormat({ ...instance, workflow: { specification: { tasks } } })
    expect(imported).toMatchObject({
      ok: true,
      definition: { steps: [{ id: 'a_b' }, { id: 'a_b_2', after: ['a_b'] }, { id: 'step_1', after: ['a_b_2'] }] },
      unmapped: expect.arrayContaining([
        { path: expect.anything(), reason: 'a task without a measured run time takes none', count: 3 },
      ]),
    })
  })

  test('that is none says where and why', () => {
    const { workflow, ...instance } = makeWfInstance([1, 1], randomOf(1))
    expect(importWfFormat({ ...instance, workflow, schemaVersion: '1.4' })).toEqual({
      ok: false,
      problems: [{ path: ['schemaVersion'], message: 'is not 1.5, the version of the format that is read' }],
    })
    const [first, second] = workflow.specification.tasks
    const tasks = [first, { ...second, id: first!.id, parents: ['nobody'] }]
    expect(importWfFormat({ ...instance, workflow: { specification: { tasks } } })).toMatchObject({
      ok: false,
      problems: [
        { path: ['workflow', 'specification', 'tasks', 1, 'id'] },
        { path: ['workflow', 'specification', 'tasks', 0, 'children', 0] },
        { path: ['workflow', 'specification', 'tasks', 1, 'parents', 0], message: 'there is no task "nobody"' },
      ],
    })
    for (const value of [null, 'x', [], {}]) expect(importWfFormat(value).ok).toBe(false)
  })
})
