import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { BitSet } from '../../../src/workflow/definition/validate/bit-set.ts'
import { edgesOf, orderOf } from '../../../src/workflow/definition/validate/edges.ts'
import { type Certain, certaintiesOf, type Knowledge } from '../../../src/workflow/definition/validate/knowledge.ts'
import { layOut, type Placed } from '../../../src/workflow/definition/validate/layout.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'
import { isFullSize } from '../../support/size.ts'
import { workflowOf } from './samples.ts'

// What validation holds for certain is held against runs of random definitions, played out by the rules of joins.

const language = createWorkflowLanguage()
const COUNT = 7
const ids = Array.from({ length: COUNT }, (_, at) => `s${at}`)

type Ended = { status: 'COMPLETED' | 'FAILED' | 'SKIPPED'; output?: unknown; error?: unknown }

/** Guards and conditions: some open, some over how an earlier step ended. */
function asking(at: number): fc.Arbitrary<string> {
  const open = fc.constant(`input.x${at}`)
  if (at === 0) return open
  const about = fc
    .constantFrom(...ids.slice(0, at))
    .chain((id) =>
      fc.constantFrom(
        `has(steps.${id}.output)`,
        `!has(steps.${id}.output)`,
        `steps.${id}.status == "COMPLETED"`,
        `steps.${id}.status != "COMPLETED"`,
        `steps.${id}.status != "SKIPPED"`,
        `steps.${id}.status == "FAILED" || input.x${at}`,
        `has(steps.${id}.error) && input.x${at}`,
        `!(steps.${id}.status == "SKIPPED" || input.x${at})`,
      ),
    )
  return fc.oneof(open, about)
}

function stepAt(at: number): fc.Arbitrary<Step> {
  const base = fc.record(
    {
      after: fc.subarray(ids.slice(0, at), { maxLength: Math.min(3, at) }),
      when: asking(at),
      onFailure: fc.constantFrom('FAIL', 'SKIP', 'CONTINUE'),
    },
    { requiredKeys: ['after'] },
  )
  const later = ids.slice(at + 1)
  const own = fc.oneof(
    { weight: 2, arbitrary: fc.constant({ type: 'TASK', task: 'custom' }) },
    fc
      .record({
        if: asking(at),
        then: fc.subarray(later, { maxLength: Math.min(2, later.length) }),
        else: fc.subarray(later, { maxLength: Math.min(2, later.length) }),
      })
      .map((choice) => ({ type: 'CONDITION', ...choice })),
  )
  return fc.tuple(base, own).map(([common, more]) => ({ id: ids[at], ...common, ...more }) as Step)
}

const scopes = fc.tuple(...ids.map((_, at) => stepAt(at))).chain((steps) => {
  const holder = fc.constantFrom('RUN', 'SEQUENTIAL')
  return holder.map((type): readonly Step[] =>
    type === 'RUN'
      ? steps
      : [{ id: 'holder', type: 'SEQUENTIAL', steps: steps.map((step) => ({ ...step, after: [] })) }],
  )
})

/** Plays steps out in their order, and tells each one that starts, until one fails its scope. */
function play(
  placedSteps: readonly Placed[],
  chance: () => boolean,
  started: (placed: Placed, ended: Map<string, Ended>) => void,
) {
  const scope = placedSteps[0]!.scope
  const edges = edgesOf(scope)
  const ended = new Map<string, Ended>()
  const input = Object.fromEntries(ids.map((_, at) => [`x${at}`, chance()]))
  const answers = new Map<Placed, boolean>()
  const holds = (text: string): boolean | null => {
    const answer = language.evaluate(text, { input, steps: Object.fromEntries(ended) })
    return answer.ok ? (answer.value as boolean) : null
  }
  for (const placed of orderOf(scope, edges).sorted) {
    const { step } = placed
    const leading = edges.get(placed)!.filter(({ kind }) => kind !== 'TURN')
    const isLed = leading.some(({ from, kind }) => {
      if (ended.get(from.step.id)!.status === 'SKIPPED') return false
      return kind === 'AFTER' || answers.get(from) === (kind === 'THEN')
    })
    const guard = step.when === undefined ? true : holds(step.when as string)
    if ((leading.length > 0 && !isLed) || guard === false) {
      ended.set(step.id, { status: 'SKIPPED' })
      continue
    }
    if (guard !== null) started(placed, ended)
    const answer = guard !== null && step.type === 'CONDITION' ? holds(step.if as string) : true
    const isFailed = guard === null || answer === null || (chance() && chance())
    if (!isFailed) {
      ended.set(step.id, { status: 'COMPLETED', output: {} })
      answers.set(placed, answer)
    } else if (step.onFailure === 'SKIP') ended.set(step.id, { status: 'SKIPPED' })
    else if (step.onFailure === 'CONTINUE') ended.set(step.id, { status: 'FAILED', error: {} })
    else return null
  }
  return ended
}

/** What was taken for certain and is not so. */
function wrong(known: Knowledge, steps: readonly Placed[], ended: ReadonlyMap<string, Ended>): string[] {
  return steps.flatMap(({ step, number }) => {
    const status = ended.get(step.id)?.status
    return [
      ...(known.ended.has(number) && status === undefined ? [`${step.id} has not ended`] : []),
      ...(known.completed.has(number) && status !== 'COMPLETED' ? [`${step.id} has not completed: ${status}`] : []),
      ...(known.failed.has(number) && status !== 'FAILED' ? [`${step.id} has not failed: ${status}`] : []),
    ]
  })
}

function playAll(steps: readonly Step[], seed: number, check: (certain: Certain) => Certain = (certain) => certain) {
  const layout = layOut(workflowOf(...steps))
  const certain = check(certaintiesOf(layout))
  const inner = layout.root.steps[0]!.inner ?? layout.root
  let state = seed
  const chance = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state > 0x7fff_ffff
  }
  const found: string[] = []
  for (let round = 0; round < 10; round++) {
    const ended = play(inner.steps, chance, (placed, soFar) => {
      found.push(...wrong(certain.atStartOf(placed), inner.steps, soFar))
    })
    if (ended !== null) found.push(...wrong(certain.atEndOf(inner), inner.steps, ended))
  }
  return found
}

describe('what is held for certain', () => {
  test('is so in every run of random definitions', () => {
    fc.assert(
      fc.property(scopes, fc.nat(), (steps, seed) => {
        expect(playAll(steps, seed)).toEqual([])
      }),
      { numRuns: isFullSize ? 5_000 : 200 },
    )
  })

  test('and were it a little more, a run would show it', () => {
    const bolder = (certain: Certain): Certain => ({
      ...certain,
      atStartOf: (placed) => {
        const known = certain.atStartOf(placed)
        return { ...known, completed: known.ended }
      },
    })
    const held = fc.check(
      fc.property(scopes, fc.nat(), (steps, seed) => playAll(steps, seed, bolder).length === 0),
      { numRuns: 500 },
    )
    expect(held.failed).toBe(true)
  })
})

test('a set of numbers', () => {
  const one = new BitSet(70).add(0).add(31).add(69)
  const other = new BitSet(70).add(31).add(32)
  const members = (set: BitSet) => Array.from({ length: 70 }, (_, at) => at).filter((at) => set.has(at))
  expect(members(one.copy().addAll(other))).toEqual([0, 31, 32, 69])
  expect(members(one.copy().keepOnly(other))).toEqual([31])
  expect(members(one)).toEqual([0, 31, 69])
})
