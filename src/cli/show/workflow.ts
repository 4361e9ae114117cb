import type {
  DefinitionProblemFieldsFragment,
  RunGraphFieldsFragment,
  WorkflowRunDetailsFragment,
  WorkflowRunSummaryFragment,
  WorkflowVersionFieldsFragment,
} from '../../sdk/generated/operations.ts'
import type { Terminal } from '../terminal.ts'
import { previewJson } from './json-preview.ts'
import { paintStatus } from './status.ts'
import { clean } from './text.ts'
import { elapsedMs, showMs } from './times.ts'
import { tree } from './tree.ts'

type Node = RunGraphFieldsFragment['nodes'][number]

/** A problem as compilers write theirs: where, how bad, what. */
export function showProblem({ severity, line, column, place, code, message }: DefinitionProblemFieldsFragment): string {
  const where = line === null ? place : `${line}:${column ?? 1} ${place}`
  return `${where === '' ? 'definition' : where}: ${severity.toLowerCase()} ${code}: ${clean(message)}`
}

/** The steps of a run as a tree, each with where it stands and how long it took. */
export function treeLines(
  { nodes, edges }: Pick<RunGraphFieldsFragment, 'nodes' | 'edges'>,
  { colors, now }: Pick<Terminal, 'colors' | 'now'>,
): string[] {
  const before = Map.groupBy(edges, ({ to }) => to)
  return tree(nodes, (node) => {
    const after = (before.get(node.id) ?? []).map(({ from }) => from.slice((node.inside?.length ?? -1) + 1))
    return showNode(node, after, { colors, now })
  })
}

function showNode(node: Node, after: readonly string[], { colors, now }: Pick<Terminal, 'colors' | 'now'>): string {
  const { name, type, status, attempt, iterations } = node
  const took = elapsedMs(node, now())
  const facts = [
    ...(iterations === null ? [] : [`${iterations.ended} of ${iterations.total ?? iterations.begun}`]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(took === null ? [] : [showMs(took)]),
    ...(after.length === 0 ? [] : [`after ${after.join(', ')}`]),
  ]
  const kind = type === 'ITERATION' ? '' : ` ${colors.dim(type.toLowerCase())}`
  const more = facts.length === 0 ? '' : ` ${colors.dim(`(${facts.join('; ')})`)}`
  return `${paintStatus(status, status, colors)} ${clean(name)}${kind}${more}`
}

/** A version that was made, or that was there, on one line. */
export function showMade(
  { version, isNew }: { readonly version: WorkflowVersionFieldsFragment; readonly isNew: boolean },
  { colors }: Pick<Terminal, 'colors'>,
): string {
  const { number, status, workflow } = version
  const draft = status === 'DRAFT' ? ' as a draft' : ''
  return `${isNew ? 'Created' : 'Stands already:'} ${colors.bold(clean(workflow.name))} v${number} ${workflow.id}${draft}`
}

/** A run on one line. */
export function showRunLine(
  run: WorkflowRunSummaryFragment,
  { colors, now }: Pick<Terminal, 'colors' | 'now'>,
): string {
  const took = elapsedMs(run, now())
  const { id, status, workflow, version } = run
  const time = took === null ? '' : ` ${colors.dim(showMs(took))}`
  return `${colors.bold(id)} ${clean(workflow.name)} v${version.number} ${paintStatus(status, status, colors)}${time}`
}

/** What there is to say of a run beneath its first line: how far it is, why it waits, what came of it. */
export function showRunFacts(
  run: WorkflowRunDetailsFragment,
  { terminal: { colors }, self }: { readonly terminal: Pick<Terminal, 'colors'>; readonly self: string },
): string[] {
  const { progress, blockedBy, error, output, status } = run
  return [
    `${colors.dim('Steps')} ${progress.ended} of ${progress.total} ended`,
    ...blockedBy.map(({ message }) => `${colors.yellow('waits:')} ${clean(message)}`),
    ...openApprovals(run, { terminal: { colors }, self }).flatMap(({ lines }) => lines),
    ...(error === null ? [] : [`${colors.red(error.code)} ${clean(error.message)}`]),
    ...(status === 'COMPLETED' ? showOutput(run.id, output, { terminal: { colors }, self }) : []),
  ]
}

/** What came of a run: on one line when it is short, and shortened when it is long. */
function showOutput(
  id: string,
  output: unknown,
  { terminal: { colors }, self }: { readonly terminal: Pick<Terminal, 'colors'>; readonly self: string },
): string[] {
  const { text, isCut } = previewJson(output)
  const lines = text.split('\n')
  const rest = isCut ? [colors.dim(`(shortened; all of it: ${self} workflow status ${id} --json)`)] : []
  const label = colors.dim('Output')
  return lines.length === 1 ? [`${label} ${text}`, ...rest] : [label, ...lines, ...rest]
}

/** What a run asks people now, each with how it is answered. */
export function openApprovals(
  { approvals }: Pick<WorkflowRunDetailsFragment, 'approvals'>,
  { terminal: { colors }, self }: { readonly terminal: Pick<Terminal, 'colors'>; readonly self: string },
): { readonly id: string; readonly lines: readonly string[] }[] {
  return approvals.nodes
    .filter(({ status }) => status === 'OPEN')
    .map(({ id, message }) => ({
      id,
      lines: [clean(message), `  ${colors.dim(`Answer it: ${self} workflow approve ${id}`)}`],
    }))
}
