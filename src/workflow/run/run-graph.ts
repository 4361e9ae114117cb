import { iterationPath, stepPath } from './path.ts'
import type { Edge, Plan, PlannedScope, PlannedStep } from './plan.ts'
import { hasEnded, type RunRow, type StepPath, type StepRun, type StepRunStatus } from './run-state.ts'

/** A run as nodes and edges, for drawing. */
export interface RunGraph {
  readonly nodes: readonly RunNode[]
  readonly edges: readonly RunEdge[]
}

export interface RunNode {
  /** A path; `each[].test` of a step in an iteration that is not drawn, because none was given. */
  readonly id: StepPath
  /** Node that it is drawn in; null: the run. */
  readonly inside: StepPath | null
  readonly stepId: string
  readonly name: string
  readonly type: StepRun['type']
  /** Of a step that was not reached: PENDING, and once what holds it has ended the same as if it had been stopped or skipped with it. */
  readonly status: StepRunStatus
  readonly attempt: number
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  /** Of a LOOP or MAP. */
  readonly iterations: {
    readonly total: number | null
    readonly begun: number
    readonly ended: number
    readonly failed: number
  } | null
}

export interface RunEdge {
  readonly from: StepPath
  readonly to: StepPath
  readonly kind: Edge['kind']
}

/**
 * The graph of a run.
 *
 * @param rows step runs in any state; of a LOOP or MAP those iterations are drawn whose rows are among them
 */
export function runGraph(plan: Plan, run: RunRow, rows: ReadonlyMap<StepPath, StepRun>): RunGraph {
  const graph: Drawing = { rows, nodes: [], edges: [] }
  drawScope(graph, { path: '', status: statusOfUnreached(run) }, plan.root)
  return graph
}

interface Drawing {
  readonly rows: ReadonlyMap<StepPath, StepRun>
  readonly nodes: RunNode[]
  readonly edges: RunEdge[]
}

interface Inside {
  readonly path: StepPath
  /** Of the steps in it that were not reached. */
  readonly status: StepRunStatus
}

function drawScope(graph: Drawing, inside: Inside, scope: PlannedScope): void {
  for (const planned of scope.steps) {
    drawStep(graph, inside, planned)
    for (const { to, kind } of planned.after) {
      graph.edges.push({ from: stepPath(inside.path, planned.id), to: stepPath(inside.path, to.id), kind })
    }
  }
}

function drawStep(graph: Drawing, inside: Inside, planned: PlannedStep): void {
  const id = stepPath(inside.path, planned.id)
  const row = graph.rows.get(id)
  const { step, inner, compensation } = planned
  graph.nodes.push({ ...nodeOf(row, inside), id, stepId: planned.id, name: step.name ?? planned.id, type: step.type })
  if (compensation !== null && graph.rows.has(stepPath(inside.path, compensation.id)))
    drawStep(graph, inside, compensation)
  if (inner === null) return
  const within = { path: id, status: row === undefined ? inside.status : statusOfUnreached(row) }
  if (step.type === 'LOOP' || step.type === 'MAP') drawIterations(graph, within, planned)
  else drawScope(graph, within, inner)
}

function drawIterations(graph: Drawing, inside: Inside, { inner, id: stepId }: PlannedStep): void {
  const begun = graph.rows.get(inside.path)?.next ?? 0
  let isAnyDrawn = false
  for (let index = 0; index < begun; index++) {
    const id = iterationPath(inside.path, index)
    const row = graph.rows.get(id)
    if (row === undefined) continue
    isAnyDrawn = true
    graph.nodes.push({ ...nodeOf(row, inside), id, stepId, name: `${stepId} ${index}`, type: 'ITERATION' })
    drawScope(graph, { path: id, status: statusOfUnreached(row) }, inner!)
  }
  if (!isAnyDrawn) drawScope(graph, { path: `${inside.path}[]`, status: inside.status }, inner!)
}

function nodeOf(row: StepRun | undefined, { path, status }: Inside) {
  const isRepeating = row?.type === 'LOOP' || row?.type === 'MAP'
  return {
    inside: path === '' ? null : path.replace(/\[\]$/, ''),
    status: row?.status ?? status,
    attempt: row?.attempt ?? 0,
    startedAt: row?.startedAt ?? null,
    finishedAt: row?.finishedAt ?? null,
    iterations: isRepeating ? { total: row.total, begun: row.next, ended: row.ended, failed: row.failed } : null,
  }
}

function statusOfUnreached(holder: RunRow | StepRun): StepRunStatus {
  if (!hasEnded(holder)) return 'PENDING'
  return holder.status === 'SKIPPED' ? 'SKIPPED' : 'CANCELLED'
}
