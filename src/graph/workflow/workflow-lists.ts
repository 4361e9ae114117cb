import { builder } from '../builder.ts'
import { decodePlace, encodePlace } from '../keyset.ts'
import { connectionOf, type PageArgs, pageOf } from '../page.ts'
import { countRunsOfWorkflow } from '../task/count-related.ts'
import { relationNewestFirst } from './newest-first.ts'
import { WorkflowRunConnection } from './run-connection.ts'
import { Workflow, WorkflowVersion } from './workflow.ts'
import { WorkflowRun } from './workflow-run.ts'

const ORDER = 'NUMBER DESC'

const WorkflowVersionEdge = builder.edgeObject({
  type: WorkflowVersion,
  name: 'WorkflowVersionEdge',
  description: 'A version in a list, with its position.',
})
const WorkflowVersionConnection = builder.connectionObject(
  { type: WorkflowVersion, name: 'WorkflowVersionConnection', description: 'A page of versions, the newest first.' },
  WorkflowVersionEdge,
)

const NODES = {
  getType: () => 'WorkflowVersion',
  paths: [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]],
}

type NestedSelection = (query: object, target?: typeof NODES) => object

builder.prismaObjectFields(Workflow, (t) => ({
  versions: t.connection(
    {
      type: WorkflowVersion,
      description: 'Its versions, the newest first.',
      select: (args: PageArgs, _context: unknown, nested: NestedSelection) => {
        const page = pageOf(args)
        const number = {
          ...(page.after !== null && { lt: decodePlace(ORDER, 'number', page.after) }),
          ...(page.before !== null && { gt: decodePlace(ORDER, 'number', page.before) }),
        }
        const query = { where: { number }, orderBy: { number: page.isBackward ? 'asc' : 'desc' }, take: page.size + 1 }
        return { versions: nested(query, NODES) }
      },
      resolve: (workflow: never, args: PageArgs) => {
        const { versions } = workflow as { versions: { number: number }[] }
        return connectionOf(pageOf(args), versions, (node) => ({
          cursor: encodePlace(ORDER, node.number),
          node,
        })) as never
      },
    } as never,
    WorkflowVersionConnection,
  ),
  version: t.field({
    type: WorkflowVersion,
    nullable: true,
    description: 'One version; null when there is none with that number.',
    args: { number: t.arg.int({ description: 'From 1; the newest when absent.' }) },
    select: ({ number }: { number?: number | null }, _context: unknown, nested: NestedSelection) => ({
      versions: nested({ where: number == null ? {} : { number }, orderBy: { number: 'desc' }, take: 1 }),
    }),
    resolve: (workflow: never) => (workflow as { versions: never[] }).versions[0] ?? null,
  } as never),
  runs: t.connection(
    relationNewestFirst('runs', WorkflowRun, {
      typeName: 'WorkflowRun',
      description: 'Its runs, of all versions, the latest first.',
      count: countRunsOfWorkflow as never,
    }),
    WorkflowRunConnection,
  ),
}))
