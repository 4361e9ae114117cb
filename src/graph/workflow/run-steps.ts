import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { decodePlace, encodePlace } from '../keyset.ts'
import { connectionOf, type PageArgs, pageOf } from '../page.ts'
import { requestError } from '../request-error.ts'
import { loadStepRun } from './load-step-run.ts'
import { StepRun } from './step-run.ts'
import { StepRunStatusEnum, StepRunTypeEnum } from './workflow-enums.ts'
import { WorkflowRun } from './workflow-run.ts'

const ORDER = 'PATH'
/** Steps of a run are narrow: a run of a thousand is one page. */
const MAX_STEPS = 1_000
const SIZES = { description: `Page size, 1 to ${MAX_STEPS}; 20 when neither \`first\` nor \`last\` is given.` }

const StepRunFilter = builder.inputType('StepRunFilter', {
  description: 'Which steps are wanted. All conditions that are given must hold.',
  fields: (t) => ({
    status: t.field({ type: [StepRunStatusEnum], description: 'It stands at one of these.' }),
    type: t.field({ type: [StepRunTypeEnum], description: 'It does one of these.' }),
    stepId: t.stringList({ description: 'Its id in the definition is one of these, at most 1,000.' }),
    under: t.string({ description: 'The step or iteration with this path holds it, at any depth.' }),
  }),
})

type Filter = typeof StepRunFilter.$inferInput

const StepRunEdge = builder.edgeObject({
  type: StepRun,
  name: 'StepRunEdge',
  description: 'A step in a list, with its position.',
})
const StepRunConnection = builder.connectionObject(
  { type: StepRun, name: 'StepRunConnection', description: 'A page of steps, by their paths.' },
  StepRunEdge,
)

const NODES = {
  getType: () => 'StepRun',
  paths: [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]],
}

type ListArgs = PageArgs & { readonly filter?: Filter | null }
type NestedSelection = (query: object, target: typeof NODES) => object

// The page stands in the statement of the run itself, as a lateral join, so a list of runs with their steps is one statement.
builder.prismaObjectFields(WorkflowRun, (t) => ({
  steps: t.connection(
    {
      type: StepRun,
      description: `Its steps and iterations that were reached, at any depth, flat, by their paths; up to ${MAX_STEPS} on a page.`,
      args: {
        first: t.arg.int(SIZES),
        last: t.arg.int(SIZES),
        filter: t.arg({ type: StepRunFilter, description: 'Only steps that match this.' }),
      },
      select: (args: ListArgs, _context: GraphContext, nested: NestedSelection) => {
        const page = pageOf(args, MAX_STEPS)
        const path = {
          ...(page.after !== null && { gt: decodePlace(ORDER, 'string', page.after) }),
          ...(page.before !== null && { lt: decodePlace(ORDER, 'string', page.before) }),
        }
        const query = {
          where: { path, ...conditionsOf(args.filter ?? {}) },
          orderBy: { path: page.isBackward ? 'desc' : 'asc' },
          take: page.size + 1,
        }
        return { steps: nested(query, NODES) }
      },
      resolve: (run: never, args: ListArgs) => {
        const { steps } = run as { steps: { path: string }[] }
        return connectionOf(pageOf(args, MAX_STEPS), steps, (node) => ({
          cursor: encodePlace(ORDER, node.path),
          node,
        })) as never
      },
    } as never,
    StepRunConnection,
  ),
  step: t.field({
    type: StepRun,
    nullable: true,
    description: 'One step or iteration by its path; null when it was not reached.',
    args: { path: t.arg.string({ required: true, description: 'Such as `build` or `each[3].test`.' }) },
    resolve: ({ id }, { path }, context, info) => loadStepRun(context, info, `${id}.${path}`),
  }),
}))

function conditionsOf({ status, type, stepId, under }: Filter) {
  if (stepId != null && stepId.length > 1_000) {
    throw requestError('BAD_USER_INPUT', `\`filter.stepId\` has ${stepId.length} entries: at most 1000 are taken.`)
  }
  return {
    ...(status != null && { status: { in: [...status] } }),
    ...(type != null && { type: { in: [...type] } }),
    ...(stepId != null && { stepId: { in: [...stepId] } }),
    ...(under != null && { OR: [{ path: { startsWith: `${under}.` } }, { path: { startsWith: `${under}[` } }] }),
  }
}
