import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { canonicalDefinition, contentHash } from '../../../src/workflow/definition/canonical.ts'
import type { WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { diffDefinitions, diffText } from '../../../src/workflow/definition/diff.ts'
import { createDefinitionParser } from '../../../src/workflow/definition/parse.ts'
import { task, WHOLE_DEFINITION, workflowOf } from './samples.ts'

const plain: WorkflowDefinition = {
  name: 'deploy',
  steps: [
    { id: 'build', type: 'TASK', task: 'custom' },
    {
      id: 'all',
      type: 'PARALLEL',
      after: ['build', 'ask'],
      steps: [
        { id: 'each', type: 'MAP', items: 'input.list', steps: [{ id: 'one', type: 'TASK', task: 'custom' }] },
        {
          id: 'hook',
          type: 'WEBHOOK',
          url: 'https://x',
          compensate: { id: 'undo', type: 'WEBHOOK', url: 'https://x' },
        },
      ],
    },
    { id: 'ask', type: 'APPROVAL', message: 'ok?', approvers: { role: 'ADMIN' } },
  ],
  limits: { concurrency: { limit: 1 } },
}

const writtenOut: WorkflowDefinition = {
  limits: { concurrency: { whenFull: 'WAIT', limit: 1 }, maxParallelSteps: 10 },
  context: {},
  $schema: 'x',
  steps: [
    { task: 'custom', type: 'TASK', id: 'build', onFailure: 'FAIL', after: [], options: { tags: [], labels: {} } },
    {
      type: 'PARALLEL',
      join: 'ALL',
      after: ['ask', 'build'],
      id: 'all',
      steps: [
        {
          id: 'each',
          type: 'MAP',
          tolerateFailures: 0,
          items: 'input.list',
          steps: [{ id: 'one', type: 'TASK', task: 'custom', options: {} }],
        },
        {
          id: 'hook',
          type: 'WEBHOOK',
          url: 'https://x',
          headers: {},
          method: 'POST',
          callback: false,
          compensate: { id: 'undo', type: 'WEBHOOK', url: 'https://x', method: 'POST' },
        },
      ],
    },
    { id: 'ask', type: 'APPROVAL', message: 'ok?', approvers: { role: 'ADMIN' }, need: 1, onRefusal: 'FAIL' },
  ],
  name: 'deploy',
}

describe('the hash of a definition', () => {
  test('is the same for any order of keys, and for defaults written out or not', () => {
    expect(contentHash(writtenOut)).toBe(contentHash(plain))
    expect(contentHash(plain)).toMatch(/^[0-9a-f]{64}$/)
    expect(canonicalDefinition(writtenOut)).toEqual(canonicalDefinition(plain))
  })

  test('is another for any other change', () => {
    const isTypeOfStep = (path: readonly unknown[]) =>
      path.at(-1) === 'type' && !path.includes('form') && path[0] !== 'input'
    const paths = leaves(WHOLE_DEFINITION).filter((path) => path[0] !== '$schema' && !isTypeOfStep(path))
    const own = contentHash(WHOLE_DEFINITION)
    for (const path of paths) {
      const changed = replaced(WHOLE_DEFINITION, path, 'something else') as WorkflowDefinition
      expect(contentHash(changed), path.join('.')).not.toBe(own)
    }
    expect(paths.length).toBeGreaterThan(200)
  })

  test('of what was made canonical is the same, and that is a definition still', () => {
    const canonical = canonicalDefinition(WHOLE_DEFINITION)
    expect(contentHash(canonical)).toBe(contentHash(WHOLE_DEFINITION))
    expect(createDefinitionParser().parse(canonical).ok).toBe(true)
  })
})

function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap((key) => leaves((value as never)[key], [...path, key]))
}

function replaced(value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (first === undefined) return by
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>
  copy[first] = replaced(copy[first], rest, by)
  return copy
}

describe('the difference of two versions', () => {
  test('is nothing where they mean the same', () => {
    expect(diffDefinitions(plain, writtenOut)).toEqual({ fields: [], steps: [] })
    expect(diffText(diffDefinitions(plain, writtenOut))).toBe('')
  })

  test('tells what was added, removed, moved and changed', () => {
    const after: WorkflowDefinition = {
      ...plain,
      input: { type: 'object' },
      limits: { timeout: '1h', concurrency: { limit: 2 } },
      steps: [
        { id: 'ask', type: 'APPROVAL', message: 'Go?', approvers: { role: 'ADMIN' }, need: 2 },
        task('build', { after: ['ask'], input: { level: 1 } }),
        {
          id: 'all',
          type: 'SEQUENTIAL',
          after: ['build'],
          steps: [
            task('lint'),
            {
              id: 'hook',
              type: 'WEBHOOK',
              url: 'https://x',
              compensate: { id: 'undo', type: 'WEBHOOK', url: 'https://y' },
            },
          ],
        },
        task('one'),
      ],
    }
    expect(diffText(diffDefinitions(plain, after))).toMatchInlineSnapshot(`
      "~ limits.concurrency.limit: 1 → 2
      ~ limits.timeout: nothing → "1h"
      ~ input: nothing → {"type":"object"}
      > ask: to another place in the order
      ~ ask.message: "ok?" → "Go?"
      ~ ask.need: nothing → 2
      ~ build.after: nothing → ["ask"]
      ~ build.input: nothing → {"level":1}
      ~ all.type: "PARALLEL" → "SEQUENTIAL"
      ~ all.after: ["ask","build"] → ["build"]
      + lint (TASK in all)
      ~ hook.compensate.url: "https://x" → "https://y"
      > one: from each to the run
      - each (MAP in all)"
    `)
    expect(diffDefinitions(plain, after).steps).toContainEqual({ kind: 'MOVED', id: 'one', from: 'each', to: null })
  })

  test('takes the fewest moves for another order', () => {
    const order = (...ids: string[]) => workflowOf(...ids.map((id) => task(id)))
    const moves = (before: string[], after: string[]) =>
      diffDefinitions(order(...before), order(...after)).steps.map((change) => `${change.kind} ${change.id}`)
    expect(moves(['a', 'b', 'c', 'd'], ['d', 'a', 'b', 'c'])).toEqual(['MOVED d'])
    expect(moves(['a', 'b', 'c', 'd'], ['b', 'c', 'a', 'd'])).toEqual(['MOVED a'])
    expect(moves(['a', 'b', 'c'], ['a', 'x', 'b'])).toEqual(['ADDED x', 'REMOVED c'])
  })

  test('is something exactly when the hashes differ', () => {
    const some = fc
      .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
      .chain((ids) =>
        fc.tuple(
          ...ids.map((id) => fc.jsonValue({ maxDepth: 1 }).map((input) => task(id, { input: input as JsonValue }))),
        ),
      )
    fc.assert(
      fc.property(some, some, (before, after) => {
        const [one, two] = [workflowOf(...before), workflowOf(...after)]
        const { fields, steps } = diffDefinitions(one, two)
        expect(fields.length + steps.length > 0).toBe(contentHash(one) !== contentHash(two))
      }),
    )
  })
})
