import { closest } from '../../../text/closest.ts'
import { RESERVED_IDS } from '../bounds.ts'
import type { ProblemPath } from '../problem.ts'
import { edgesOf, orderOf } from './edges.ts'
import { compensationOf, isSequence, type Layout, type Placed, type PlacedScope } from './layout.ts'
import type { Report } from './report.ts'

/** That ids are unique, that what a step comes after stands beside it, and that no steps wait for each other. */
export function checkNames(layout: Layout, report: Report): void {
  checkIds(layout, report)
  for (const scope of scopesOf(layout)) {
    for (const placed of scope.steps) {
      checkAfter(layout, placed, report)
      checkBranches(layout, placed, report)
    }
    checkCycles(scope, report)
  }
}

export function scopesOf({ root, all }: Layout): readonly PlacedScope[] {
  return [root, ...all.map(({ inner }) => inner).filter((inner) => inner !== null)]
}

function checkIds({ all }: Layout, report: Report): void {
  const seen = new Set<string>()
  const check = (id: string, path: ProblemPath) => {
    if (RESERVED_IDS.includes(id)) report('WRONG_FORMAT', path, `"${id}" is a word of CEL; take another id`)
    if (seen.has(id))
      report('DUPLICATE_ID', path, `"${id}" is the id of another step; ids are unique in the whole definition`)
    seen.add(id)
  }
  for (const placed of all) {
    check(placed.step.id, [...placed.path, 'id'])
    const undo = compensationOf(placed)
    if (undo !== null) check(undo.step.id, [...undo.path, 'id'])
  }
}

function checkAfter(layout: Layout, { step, path, scope }: Placed, report: Report): void {
  const holder = scope.holder?.step
  const named = step.after ?? []
  if (named.length > 0 && (holder?.type === 'PARALLEL' || isSequence(scope))) {
    const why =
      holder?.type === 'PARALLEL'
        ? `the steps of the PARALLEL "${holder.id}" run together: for an order among them, put them into a SEQUENTIAL`
        : `the steps of the SEQUENTIAL "${holder?.id}" run in the order they are written`
    report('WRONG_TOGETHER', [...path, 'after'], `has no place here: ${why}`)
    return
  }
  for (const [at, id] of named.entries()) {
    const here = [...path, 'after', at]
    if (id === step.id) report('CYCLE', here, `names the step itself, which cannot come after itself`)
    else if (!scope.byId.has(id)) report('UNKNOWN_STEP', here, unknownBeside(layout, scope, id, 'after'))
    else if (named.indexOf(id) < at) report('WRONG_TOGETHER', here, `names "${id}" twice; take one away`)
  }
}

function checkBranches(layout: Layout, { step, path, scope }: Placed, report: Report): void {
  if (step.type !== 'CONDITION') return
  const { then: yes = [], else: no = [] } = step
  if (yes.length + no.length === 0)
    report('WRONG_TOGETHER', path, 'chooses nothing: name steps beside it in then, in else, or in both')
  for (const field of ['then', 'else'] as const)
    for (const [at, id] of (step[field] ?? []).entries()) {
      const here = [...path, field, at]
      if (id === step.id) report('CYCLE', here, 'names the CONDITION itself, which cannot be in its own branch')
      else if (!scope.byId.has(id)) report('UNKNOWN_STEP', here, unknownBeside(layout, scope, id, field))
      else if ((step[field] ?? []).indexOf(id) < at)
        report('WRONG_TOGETHER', here, `names "${id}" twice; take one away`)
      else if (field === 'else' && yes.includes(id))
        report(
          'WRONG_TOGETHER',
          here,
          `"${id}" stands in then too: take it out of both, and let it come after "${step.id}"`,
        )
    }
}

function unknownBeside({ byId }: Layout, scope: PlacedScope, id: string, field: string): string {
  const elsewhere = byId.get(id)
  if (elsewhere !== undefined) {
    const where = elsewhere.scope.holder === null ? 'outside' : `within "${elsewhere.scope.holder.step.id}"`
    return `"${id}" stands ${where}; ${field} names steps beside this one`
  }
  const near = closest(id, [...scope.byId.keys()])
  return `there is no step "${id}"${near === undefined ? '' : `; did you mean "${near}"?`}`
}

function checkCycles(scope: PlacedScope, report: Report): void {
  for (const cycle of orderOf(scope, edgesOf(scope)).cycles) {
    const [first, second = first] = cycle
    if (first === undefined || second === undefined || cycle.length === 1) continue
    const names = [...cycle.slice(1), first].map(({ step }) => `"${step.id}"`)
    const message = `"${first.step.id}" waits for ${names.join(', which waits for ')}`
    report('CYCLE', pathOfEdge(second, first), `closes a cycle: ${message}`)
  }
}

/** Where it is said that a step comes after another. */
function pathOfEdge(from: Placed, to: Placed): ProblemPath {
  const at = (to.step.after ?? []).indexOf(from.step.id)
  if (at >= 0) return [...to.path, 'after', at]
  if (from.step.type !== 'CONDITION') return to.path
  const field = from.step.then?.includes(to.step.id) ? 'then' : 'else'
  return [...from.path, field]
}
