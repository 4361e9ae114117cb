import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWorkflowCheck } from '../../../src/workflow/definition/check-workflow.ts'
import { importWorkflow } from '../../../src/workflow/import/import-workflow.ts'
import { sized } from '../../support/size.ts'
import { makeWfInstance } from './wf-instance.ts'

const check = createWorkflowCheck()
const states = (source: unknown) => importWorkflow({ format: 'STATES_LANGUAGE', source, name: 'machine' })

/** A machine of states in a row, each made of the number of its place. */
function row(count: number, state: (at: number, next: { Next: string } | { End: true }) => object): object {
  const entries = Array.from({ length: count }, (_, at) => [
    `S${at}`,
    state(at, at === count - 1 ? { End: true } : { Next: `S${at + 1}` }),
  ])
  return { StartAt: 'S0', States: Object.fromEntries(entries) }
}

/** Whatever comes of it: it must come soon, and small. */
function within(ms: number, source: unknown): ReturnType<typeof states> {
  const memory = process.memoryUsage().heapUsed
  const began = performance.now()
  const imported = states(source)
  expect(performance.now() - began).toBeLessThan(ms)
  expect(process.memoryUsage().heapUsed - memory).toBeLessThan(500_000_000)
  return imported
}

describe('a hostile state machine ends in a problem', () => {
  test('of data that double with each state, as objects', () => {
    const machine = row(60, (_, next) => ({ Type: 'Pass', Parameters: { 'a.$': '$', 'b.$': '$' }, ...next }))
    const handed = within(2_500, machine)
    expect(handed.ok && handed.definition.steps).toHaveLength(60)
    const work = row(60, (_, next) => ({ Type: 'Pass', Parameters: { 'a.$': '$', 'b.$': '$' }, ...next })) as {
      States: Record<string, object>
    }
    work.States.S59 = { Type: 'Task', Resource: 'work', End: true }
    expect(within(2_500, work)).toMatchObject({
      ok: false,
      problems: [{ path: ['States', 'S59'], message: expect.stringContaining('over 20,000 characters') }],
    })
  })

  test('of data that double with each state, as texts', () => {
    const machine = row(60, (_, next) => ({ Type: 'Pass', Parameters: { 'a.$': 'States.Array($.a, $.a)' }, ...next }))
    expect(within(2_500, machine)).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([
        expect.objectContaining({ message: expect.stringContaining('over 4,000 characters') }),
      ]),
    })
  })

  test('of choices that meet again and again', () => {
    const count = 40
    const machine = {
      StartAt: 'C0',
      States: Object.fromEntries(
        Array.from({ length: count }, (_, at) => {
          const Next = at === count - 1 ? 'Last' : `C${at + 1}`
          return [
            [
              `C${at}`,
              { Type: 'Choice', Choices: [{ Variable: '$.x', IsNull: true, Next: `A${at}` }], Default: `B${at}` },
            ],
            [`A${at}`, { Type: 'Pass', Result: at, ResultPath: '$.a', Next }],
            [`B${at}`, { Type: 'Pass', Result: at, ResultPath: '$.b', Next }],
          ] as const
        })
          .flat()
          .concat([['Last', { Type: 'Succeed' }] as never]),
      ),
    }
    const imported = within(2_500, machine)
    expect(imported.ok).toBe(false)
  })

  test('of more states than a workflow may have steps', () => {
    expect(
      within(
        2_500,
        row(20_000, (_, next) => ({ Type: 'Pass', ...next })),
      ),
    ).toEqual({
      ok: false,
      problems: [{ path: [], message: 'would have more than 5,000 steps, the most that a workflow may have' }],
    })
  })

  test('that nests deeper than JSON of a definition may', () => {
    let machine: object = { StartAt: 'A', States: { A: { Type: 'Succeed' } } }
    for (let depth = 0; depth < 5_000; depth++)
      machine = { StartAt: 'A', States: { A: { Type: 'Parallel', Branches: [machine], End: true } } }
    expect(within(2_500, machine)).toMatchObject({ ok: false, problems: [{ message: 'nests deeper than 200 levels' }] })
  })

  test.each<[string, object, string]>([
    ['names that every object has', { StartAt: 'constructor', States: { A: { Type: 'Succeed' } } }, 'names no state'],
    [
      'a way to such a name',
      { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'toString' } } },
      'names no state beside this one',
    ],
    [
      'a rule that is none',
      { StartAt: 'A', States: { A: { Type: 'Choice', Choices: [{ And: [null], Next: 'A' }] } } },
      'goes back',
    ],
    [
      'a rule within another that is none',
      {
        StartAt: 'A',
        States: { A: { Type: 'Choice', Choices: [{ And: [null], Next: 'B' }] }, B: { Type: 'Succeed' } },
      },
      'a rule that is no object',
    ],
    [
      'a comparison by such a name',
      {
        StartAt: 'A',
        States: {
          A: { Type: 'Choice', Choices: [{ Variable: '$.a', constructor: 1, Next: 'B' }] },
          B: { Type: 'Succeed' },
        },
      },
      'the comparison constructor',
    ],
    [
      'a resource that cannot be written as a text',
      row(1, (_, next) => ({ Type: 'Task', Resource: { toString: 1, valueOf: 1 }, InputPath: '$.x[?(@.y)]', ...next })),
      'only fields and places are read',
    ],
    [
      'a function without arguments',
      row(1, (_, next) => ({ Type: 'Pass', Parameters: { 'a.$': 'States.ArrayLength()' }, ...next })),
      'without its argument 1',
    ],
    [
      'a number that is none',
      row(1, (_, next) => ({ Type: 'Pass', Parameters: { 'a.$': 'States.Array(1abc)' }, ...next })),
      'the path 1abc',
    ],
  ])('%s', (_what, machine, said) => {
    const imported = within(2_500, JSON.parse(JSON.stringify(machine)))
    expect(imported.ok ? [] : imported.problems.map(({ message }) => message).join()).toContain(said)
  })

  test('whatever else it is: never anything but a definition or problems', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'constructor', '__proto__', 'toString', '')
    const path = fc.constantFrom(
      '$',
      '$.a',
      '$.a[0]',
      "$['b c']",
      '$$',
      '$$.Map.Item.Value',
      'States.Array($, 1)',
      '',
      'x',
      '$..a',
    )
    const loose = fc.oneof(name, path, fc.jsonValue({ maxDepth: 2 }))
    const rule = fc.record(
      {
        Variable: fc.oneof(path, loose),
        Next: name,
        NumericEquals: loose,
        IsPresent: fc.boolean(),
        And: fc.array(loose, { maxLength: 2 }),
        Not: loose,
      },
      { requiredKeys: [] },
    )
    const machineOf = (state: fc.Arbitrary<unknown>) =>
      fc.record({
        StartAt: name,
        States: fc.oneof(
          { weight: 9, arbitrary: fc.dictionary(name, state, { minKeys: 1, maxKeys: 4 }) },
          { weight: 1, arbitrary: loose },
        ),
      })
    const { machine } = fc.letrec<{ machine: unknown; state: unknown }>((tie) => ({
      machine: machineOf(tie('state')),
      state: fc.record(
        {
          Type: fc.constantFrom('Task', 'Pass', 'Choice', 'Wait', 'Succeed', 'Fail', 'Parallel', 'Map', 'Jump'),
          Next: name,
          End: fc.boolean(),
          Default: name,
          Resource: loose,
          Result: loose,
          Choices: fc.oneof(fc.array(rule, { maxLength: 3 }), loose),
          Catch: fc.oneof(
            fc.array(fc.record({ ErrorEquals: loose, Next: name, ResultPath: path }), { maxLength: 2 }),
            loose,
          ),
          Retry: fc.oneof(fc.array(fc.record({ ErrorEquals: loose, MaxAttempts: loose }), { maxLength: 2 }), loose),
          Parameters: fc.oneof(fc.dictionary(fc.constantFrom('a.$', 'b', 'Payload.$'), path), loose),
          ResultSelector: fc.oneof(fc.dictionary(fc.constantFrom('a.$', 'b'), path), loose),
          ResultPath: fc.oneof(path, loose),
          InputPath: fc.oneof(path, loose),
          OutputPath: fc.oneof(path, loose),
          ItemsPath: path,
          Seconds: loose,
          SecondsPath: path,
          Branches: fc.oneof({ maxDepth: 2 }, loose, fc.array(tie('machine'), { maxLength: 2 })),
          ItemProcessor: fc.oneof({ maxDepth: 2 }, loose, tie('machine')),
        },
        { requiredKeys: ['Type'] },
      ),
    }))
    fc.assert(
      fc.property(machine, (source) => {
        const imported = states(source)
        if (imported.ok) check.value(imported.definition)
        else expect(imported.problems.length).toBeGreaterThan(0)
      }),
      { numRuns: sized(300, 20_000) },
    )
  })
})

describe('an instance of WfCommons', () => {
  const wf = (source: unknown) => importWorkflow({ format: 'WF_FORMAT', source })

  test('with more tasks than a workflow may have steps is refused', () => {
    const imported = wf(makeWfInstance([1, 2_500, 2_500], () => 0.5))
    expect(imported).toMatchObject({
      ok: false,
      problems: [
        {
          path: ['workflow', 'specification', 'tasks'],
          message: 'has more than 5,000 tasks, the most steps of a workflow',
        },
      ],
    })
  })

  test('whose ids become the same is read as fast as any', () => {
    const instance = makeWfInstance([1, 2_000], () => 0.5)
    const rename = (id: string) => id.replaceAll(/\w/g, '.')
    const tasks = instance.workflow.specification.tasks.map((task, at) => ({
      ...task,
      id: `${'.'.repeat(at)}a`,
      name: rename(task.name),
      parents: [],
      children: [],
    }))
    const began = performance.now()
    const imported = wf({ ...instance, workflow: { specification: { tasks } } })
    expect(imported.ok && new Set(imported.definition.steps.map(({ id }) => id)).size).toBe(2_001)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('with wrong parts everywhere has some of them told', () => {
    const tasks = Array.from({ length: 4_000 }, () => ({ id: 1 }))
    const imported = wf({ name: 'x', schemaVersion: '1.5', workflow: { specification: { tasks } } })
    expect(imported.ok ? 0 : imported.problems.length).toBe(200)
  })
})

test('a text that is neither JSON nor YAML is refused on its line, one that is too long at once', () => {
  expect(states('a: [')).toMatchObject({
    ok: false,
    problems: [{ line: 1, message: expect.stringMatching(/^is no YAML/) }],
  })
  expect(states('x'.repeat(5_000_000))).toEqual({
    ok: false,
    problems: [{ path: [], message: 'has more than 4,194,304 bytes, the most that is read' }],
  })
})
