import { scopesOf } from './check-names.ts'
import { constantTruth, type Edge, edgesOf, orderOf } from './edges.ts'
import type { Layout, Placed } from './layout.ts'
import type { Report } from './report.ts'

/** That no step hangs only on what never happens. */
export function checkReachable(layout: Layout, report: Report): void {
  for (const scope of scopesOf(layout)) {
    const edges = edgesOf(scope)
    const dead = new Set<Placed>()
    for (const placed of orderOf(scope, edges).sorted) {
      const leading = edges.get(placed)!.filter(({ kind }) => kind !== 'TURN')
      const isDead = leading.length > 0 && leading.every((edge) => isDeadEdge(edge, dead))
      if (isDead) report('UNREACHABLE', placed.path, `can never run: ${reasonOf(leading[0]!, dead)}`)
      if (isDead || constantTruth(placed.step.when) === false) dead.add(placed)
    }
  }
}

function isDeadEdge({ from, kind }: Edge, dead: ReadonlySet<Placed>): boolean {
  if (dead.has(from)) return true
  if (from.step.type !== 'CONDITION' || (kind !== 'THEN' && kind !== 'ELSE')) return false
  return constantTruth(from.step.if) === (kind === 'ELSE')
}

function reasonOf({ from, kind }: Edge, dead: ReadonlySet<Placed>): string {
  if (dead.has(from)) return `"${from.step.id}", which it comes after, never runs`
  return `"${from.step.id}" always chooses ${kind === 'THEN' ? 'else' : 'then'}`
}
