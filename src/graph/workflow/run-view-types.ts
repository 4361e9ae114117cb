import type { CriticalPath } from '../../workflow/run/critical-path.ts'
import type { RunEdge, RunGraph, RunNode } from '../../workflow/run/run-graph.ts'
import type { TimelineBar } from '../../workflow/run/timeline.ts'
import { builder } from '../builder.ts'
import { IterationCounts } from './step-run.ts'
import { StepRunStatusEnum, StepRunTypeEnum } from './workflow-enums.ts'

const IS_COMPLETE = 'Whether nothing is left out: of very many iterations only some are taken in.'

const RunGraphNode = builder.objectRef<RunNode>('RunGraphNode').implement({
  description: 'A step or an iteration as a node.',
  fields: (t) => ({
    id: t.exposeString('id', {
      description: 'Its path, unique in the graph; `each[].test` of a step in iterations of which none is drawn.',
    }),
    inside: t.exposeString('inside', {
      nullable: true,
      description: 'Id of the node that it is drawn in; null: none.',
    }),
    stepId: t.exposeString('stepId', { description: 'Id of the step in the definition.' }),
    name: t.exposeString('name', { description: 'What it is called; the id of a step without a name.' }),
    type: t.field({ type: StepRunTypeEnum, description: 'What it does.', resolve: ({ type }) => type }),
    status: t.field({
      type: StepRunStatusEnum,
      description: 'Where it stands; PENDING also of one that was not reached yet.',
      resolve: ({ status }) => status,
    }),
    attempt: t.exposeInt('attempt', { description: 'Number of its attempt, from 1; 0 before it starts.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    iterations: t.field({
      type: IterationCounts,
      nullable: true,
      description: 'Of a LOOP or MAP that has begun: how far it is.',
      resolve: ({ iterations }) => iterations,
    }),
  }),
})

const RunGraphEdgeKind = builder.enumType('RunGraphEdgeKind', {
  description: 'Why a step comes after another.',
  values: {
    AFTER: { description: 'It says so.' },
    THEN: { description: 'A CONDITION leads to it when it holds.' },
    ELSE: { description: 'A CONDITION leads to it when it does not hold.' },
    TURN: { description: 'It is the next of a SEQUENTIAL.' },
  } as const,
})

const RunGraphEdge = builder.objectRef<RunEdge>('RunGraphEdge').implement({
  description: 'That a step comes after another.',
  fields: (t) => ({
    from: t.exposeString('from', { description: 'Id of the node that comes first.' }),
    to: t.exposeString('to', { description: 'Id of the node that comes after it.' }),
    kind: t.field({ type: RunGraphEdgeKind, description: 'Why it comes after it.', resolve: ({ kind }) => kind }),
  }),
})

/** A run as nodes and edges. */
export const RunGraphType = builder.objectRef<RunGraph & { isComplete: boolean }>('RunGraph').implement({
  description: 'A run as nodes and edges; also the tree of its steps, in the order of the definition.',
  fields: (t) => ({
    nodes: t.field({
      type: [RunGraphNode],
      description: 'Its steps and iterations; what holds others stands before them.',
      resolve: ({ nodes }) => [...nodes],
    }),
    edges: t.field({
      type: [RunGraphEdge],
      description: 'What comes after what, beside each other.',
      resolve: ({ edges }) => [...edges],
    }),
    isComplete: t.exposeBoolean('isComplete', { description: IS_COMPLETE }),
  }),
})

const CriticalStep = builder.objectRef<CriticalPath['steps'][number]>('CriticalStep').implement({
  description: 'A step of a critical path.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Its path.' }),
    duration: t.field({
      type: 'Duration',
      description: 'How long it took, or has taken so far.',
      resolve: ({ durationMs }) => durationMs,
    }),
  }),
})

/** What decides how long a run takes. */
export const CriticalPathType = builder.objectRef<CriticalPath & { isComplete: boolean }>('CriticalPath').implement({
  description: 'The chain of steps that decides how long a run takes: no other, made faster, would shorten it.',
  fields: (t) => ({
    steps: t.field({
      type: [CriticalStep],
      description: 'Steps that hold no others, in the order of time.',
      resolve: ({ steps }) => [...steps],
    }),
    length: t.field({
      type: 'Duration',
      description: 'Their durations together.',
      resolve: ({ lengthMs }) => lengthMs,
    }),
    wallTime: t.field({
      type: 'Duration',
      description: 'From the start of the run to its end, or until now.',
      resolve: ({ wallMs }) => wallMs,
    }),
    workTime: t.field({
      type: 'Duration',
      description: 'The durations of all steps that worked, together; more than `wallTime` where they overlap.',
      resolve: ({ workMs }) => workMs,
    }),
    isComplete: t.exposeBoolean('isComplete', { description: IS_COMPLETE }),
  }),
})

const TimelineBarType = builder.objectRef<TimelineBar>('TimelineBar').implement({
  description: 'A step or iteration that has started, as a bar.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Its path.' }),
    type: t.field({ type: StepRunTypeEnum, description: 'What it does.', resolve: ({ type }) => type }),
    status: t.field({ type: StepRunStatusEnum, description: 'Where it stands.', resolve: ({ status }) => status }),
    depth: t.exposeInt('depth', { description: 'How many steps and iterations hold it.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null: not yet.',
    }),
  }),
})

/** The steps of a run over time. */
export const RunTimeline = builder
  .objectRef<{ bars: readonly TimelineBar[]; isComplete: boolean }>('RunTimeline')
  .implement({
    description: 'The steps of a run over time.',
    fields: (t) => ({
      bars: t.field({
        type: [TimelineBarType],
        description: 'In the order in which they began; what holds steps comes before them.',
        resolve: ({ bars }) => [...bars],
      }),
      isComplete: t.exposeBoolean('isComplete', { description: IS_COMPLETE }),
    }),
  })
