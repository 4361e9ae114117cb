import { type Fact, readReaches } from '../../../expression/reaches.ts'
import { conditionText } from '../condition-text.ts'
import type { Condition, ConditionStep } from '../definition.ts'
import { BitSet } from './bit-set.ts'
import { type Edge, edgesOf, orderOf } from './edges.ts'
import type { Layout, Placed, PlacedScope } from './layout.ts'

/** What is certain of the steps that an expression can see, by their numbers. */
export interface Knowledge {
  /** Those that have ended. */
  readonly ended: BitSet
  /** Those that have completed, so that they have an output. */
  readonly completed: BitSet
  /** Those that have failed, so that they have an error. */
  readonly failed: BitSet
}

/** What is certain, in the places of one definition. */
export interface Certain {
  /** Before anything has run. */
  readonly atStart: Knowledge
  /** When a step could start and its guard is looked at. */
  before(placed: Placed): Knowledge
  /** When it starts: its guard held. */
  atStartOf(placed: Placed): Knowledge
  /** When it has completed and is to be undone. */
  toUndo(placed: Placed): Knowledge
  /** When all steps of a scope have ended and it has not failed. */
  atEndOf(scope: PlacedScope): Knowledge
  /** And when this holds besides. */
  given(knowledge: Knowledge, facts: readonly Fact[]): Knowledge
}

/**
 * What is certain at each place, from the order of the steps and from what guards and conditions ask for.
 *
 * A step starts when all it comes after have ended and one of them led there, so what is known along each of its edges is known to it. A step
 * that nothing can skip has run wherever it has ended, and has completed there unless its failure is borne (CONTINUE).
 *
 * In scopes that wait for themselves everything is certain: their cycle is the problem.
 */
export function certaintiesOf(layout: Layout): Certain {
  const size = layout.all.length
  const nothing: Knowledge = { ended: new BitSet(size), completed: new BitSet(size), failed: new BitSet(size) }
  /** Steps that start whenever their turn comes; and those of them that have an output then. */
  const surelyRun = new BitSet(size)
  const surelyDone = new BitSet(size)
  const befores = new Map<Placed, Knowledge>()
  const afters = new Map<Placed, Knowledge>()
  const ends = new Map<PlacedScope, Knowledge>()

  const given = (knowledge: Knowledge, facts: readonly Fact[]): Knowledge => {
    const lessons = facts.map((fact) => lessonOf(layout, surelyRun, fact)).filter((lesson) => lesson !== null)
    if (lessons.length === 0) return knowledge
    const learned = { ...knowledge, completed: knowledge.completed.copy(), failed: knowledge.failed.copy() }
    for (const { placed, what } of lessons) {
      learned[what].add(placed.number)
      // It has run, so what was certain when it started is so.
      const before = befores.get(placed)
      if (before === undefined) continue
      learned.completed.addAll(before.completed)
      learned.failed.addAll(before.failed)
    }
    return learned
  }
  const when = (knowledge: Knowledge, condition: Condition | undefined, holds: boolean): Knowledge =>
    condition === undefined ? knowledge : given(knowledge, factsOf(condition, holds))
  const atStartOf = (placed: Placed) => when(befores.get(placed)!, placed.step.when, true)
  const after = (placed: Placed): Knowledge => {
    const known = afters.get(placed) ?? plus(atStartOf(placed), [placed], hasOutput(placed) ? [placed] : [])
    afters.set(placed, known)
    return known
  }
  const along = ({ from, kind }: Edge): Knowledge => {
    const isChoice = from.step.type === 'CONDITION' && (kind === 'THEN' || kind === 'ELSE')
    return isChoice ? when(after(from), (from.step as ConditionStep).if, kind === 'THEN') : after(from)
  }
  const alongAll = (base: Knowledge, edges: readonly Edge[]): Knowledge => {
    const ended = base.ended.copy()
    for (const { from } of edges) ended.addAll(befores.get(from)!.ended).add(from.number)
    const leading = edges.filter(({ kind }) => kind !== 'TURN').map(along)
    const [first = base, ...others] = leading
    const completed = first.completed.copy()
    const failed = first.failed.copy()
    for (const other of others) {
      completed.keepOnly(other.completed)
      failed.keepOnly(other.failed)
    }
    return { ended, completed: completed.addAll(ended.copy().keepOnly(surelyDone)), failed }
  }
  const learn = (scope: PlacedScope, base: Knowledge): void => {
    const edges = edgesOf(scope)
    const { sorted, cycles } = orderOf(scope, edges)
    for (const placed of sorted) {
      const led = edges.get(placed)!
      if (!canBeSkipped(placed) && isSurelyLed(led, surelyRun)) {
        surelyRun.add(placed.number)
        if (hasOutput(placed)) surelyDone.add(placed.number)
      }
      befores.set(placed, cycles.length > 0 ? plus(base, scope.steps, scope.steps) : alongAll(base, led))
      if (placed.inner === null) continue
      const guard = placed.step.type === 'LOOP' ? placed.step.while : undefined
      learn(placed.inner, when(atStartOf(placed), guard, true))
    }
    const done = scope.steps.filter(({ number }) => surelyDone.has(number))
    ends.set(scope, plus(base, scope.steps, done))
  }

  learn(layout.root, nothing)
  return {
    atStart: nothing,
    before: (placed) => befores.get(placed)!,
    atStartOf,
    toUndo: (placed) => plus(atStartOf(placed), [placed], [placed]),
    atEndOf: (scope) => ends.get(scope)!,
    given,
  }
}

function plus(knowledge: Knowledge, ended: readonly Placed[], completed: readonly Placed[]): Knowledge {
  const more = { ...knowledge, ended: knowledge.ended.copy(), completed: knowledge.completed.copy() }
  for (const { number } of ended) more.ended.add(number)
  for (const { number } of completed) more.completed.add(number)
  return more
}

function factsOf(condition: Condition, holds: boolean): readonly Fact[] {
  const read = readReaches(conditionText(condition))
  if (!read.ok) return []
  return holds ? read.ifTrue : read.ifFalse
}

/** Whether a step that has not been skipped and has not failed its scope has an output. */
function hasOutput({ step }: Placed): boolean {
  return step.onFailure !== 'CONTINUE'
}

function canBeSkipped({ step }: Placed): boolean {
  return step.when !== undefined || step.onFailure === 'SKIP'
}

/** Whether one of the edges leads on, whatever happens. */
function isSurelyLed(edges: readonly Edge[], surelyRun: BitSet): boolean {
  const leading = edges.filter(({ kind }) => kind !== 'TURN')
  const sure = leading.filter(({ from }) => surelyRun.has(from.number))
  if (leading.length === 0 || sure.some(({ kind }) => kind === 'AFTER')) return true
  // A CONDITION that has failed chooses nothing.
  const deciding = sure.filter(({ from }) => hasOutput(from))
  return deciding.some(
    ({ from, kind }) => kind === 'THEN' && deciding.some((one) => one.from === from && one.kind === 'ELSE'),
  )
}

interface Lesson {
  readonly placed: Placed
  readonly what: 'completed' | 'failed'
}

/** What a fact tells of a step: one whose output was read, for example, must have had one. */
function lessonOf({ byId }: Layout, surelyRun: BitSet, fact: Fact): Lesson | null {
  const [id, field, ...deeper] = fact.path
  const placed = fact.root === 'steps' ? byId.get(String(id)) : undefined
  if (placed === undefined) return null
  const isRead = fact.kind === 'equals' || fact.holds || deeper.length > 0
  switch (field) {
    case 'output':
      return isRead ? { placed, what: 'completed' } : null
    case 'error':
      return isRead ? { placed, what: 'failed' } : null
    case 'status':
      return fact.kind === 'equals' && deeper.length === 0 ? ofStatus(placed, surelyRun.has(placed.number), fact) : null
    default:
      return null
  }
}

function ofStatus(placed: Placed, isSureToRun: boolean, { holds, value }: Fact & { kind: 'equals' }): Lesson | null {
  if (holds) {
    if (value === 'COMPLETED') return { placed, what: 'completed' }
    return value === 'FAILED' ? { placed, what: 'failed' } : null
  }
  if (value === 'SKIPPED' && hasOutput(placed)) return { placed, what: 'completed' }
  if (value === 'FAILED' && isSureToRun) return { placed, what: 'completed' }
  return value === 'COMPLETED' && isSureToRun ? { placed, what: 'failed' } : null
}
