import { builder } from '../builder.ts'

/** How far a run is. */
export interface Progress {
  /** Outermost steps that have ended, of those there are. */
  readonly ended: number
  readonly total: number
  /** Steps that have begun or wait to, by their statuses; not iterations. */
  readonly counts: Readonly<Record<string, number>>
}

export const RunProgress = builder.objectRef<Progress>('RunProgress').implement({
  description: 'How far a run is. Steps that are not reached yet are in no count but `total`.',
  fields: (t) => ({
    fraction: t.float({
      description: 'Outermost steps that have ended, of all there are: 0 to 1. They may differ much in length.',
      resolve: ({ ended, total }) => (total === 0 ? 1 : Math.min(1, ended / total)),
    }),
    ended: t.exposeInt('ended', { description: 'Outermost steps that have ended.' }),
    total: t.exposeInt('total', { description: 'Outermost steps that the definition has.' }),
    pending: t.int({
      description: 'Steps at any depth that wait for others, or for room.',
      resolve: countOf('PENDING'),
    }),
    running: t.int({ description: 'Steps at any depth that work.', resolve: countOf('RUNNING') }),
    waiting: t.int({
      description: 'Steps at any depth that wait for a time, an event, an answer, a call or a retry.',
      resolve: countOf('WAITING'),
    }),
    completed: t.int({ description: 'Steps at any depth that ended with success.', resolve: countOf('COMPLETED') }),
    failed: t.int({ description: 'Steps at any depth that ended with an error.', resolve: countOf('FAILED') }),
    cancelled: t.int({ description: 'Steps at any depth that were cancelled.', resolve: countOf('CANCELLED') }),
    skipped: t.int({ description: 'Steps at any depth that were not to be run.', resolve: countOf('SKIPPED') }),
  }),
})

function countOf(status: string): (progress: Progress) => number {
  return ({ counts }) => counts[status] ?? 0
}
