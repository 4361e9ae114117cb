import { z } from 'zod'
import { criticalPath } from '../../workflow/run/critical-path.ts'
import { explainRun } from '../../workflow/run/explain-run.ts'
import { runGraph } from '../../workflow/run/run-graph.ts'
import { timelineOf } from '../../workflow/run/timeline.ts'
import { builder } from '../builder.ts'
import { loadOpenView, loadRunView, MOST_ROWS } from './load-run-view.ts'
import { RunBlockerType } from './run-blocker.ts'
import { CriticalPathType, RunGraphType, RunTimeline } from './run-view-types.ts'
import { someIterations } from './some-iterations.ts'
import { WorkflowRun } from './workflow-run.ts'

const MOST_BARS = 1_000

builder.prismaObjectFields(WorkflowRun, (t) => ({
  graph: t.field({
    type: RunGraphType,
    nullable: true,
    description: 'It as nodes and edges, for drawing, with steps that were not reached yet; null when it is gone.',
    args: {
      iterations: t.arg.int({
        defaultValue: 20,
        description:
          'Most iterations drawn of each LOOP or MAP, 1 to 1,000: those that are open, then those that failed, then the latest.',
        validate: z.number().int().min(1).max(1_000),
      }),
    },
    resolve: async ({ id }, { iterations }, context) => {
      const view = await loadRunView(context, id)
      if (view === null) return null
      const { rows, isComplete } = someIterations(view.steps, iterations ?? 20)
      const isWhole = isComplete && view.steps.size <= MOST_ROWS
      return { ...runGraph(view.plan, view.run, rows), isComplete: isWhole }
    },
  }),
  criticalPath: t.field({
    type: CriticalPathType,
    nullable: true,
    description: 'The chain of steps that decides how long it takes, so far; null when it is gone.',
    resolve: async ({ id }, _args, context) => {
      const view = await loadRunView(context, id)
      if (view === null) return null
      const { plan, run, steps: rows } = view
      return { ...criticalPath(plan, run, { rows, now: new Date() }), isComplete: rows.size <= MOST_ROWS }
    },
  }),
  timeline: t.field({
    type: RunTimeline,
    nullable: true,
    description: 'Its steps that have started, as bars in the order in which they did; null when it is gone.',
    args: {
      limit: t.arg.int({
        defaultValue: MOST_BARS,
        description: `Most bars, 1 to ${MOST_BARS}: the earliest.`,
        validate: z.number().int().min(1).max(MOST_BARS),
      }),
    },
    resolve: async ({ id }, { limit }, context) => {
      const view = await loadRunView(context, id)
      if (view === null) return null
      const bars = timelineOf(view.steps.values())
      const most = limit ?? MOST_BARS
      return { bars: bars.slice(0, most), isComplete: bars.length <= most && view.steps.size <= MOST_ROWS }
    },
  }),
  blockedBy: t.field({
    type: [RunBlockerType],
    description: 'Why it has not ended, in the order of its definition, at most 100; empty once it has.',
    resolve: async ({ id }, _args, context) => {
      const view = await loadOpenView(context, id)
      return view === null ? [] : explainRun(view.plan, view).slice(0, 100)
    },
  }),
}))
