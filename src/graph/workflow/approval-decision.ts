import type { Decision } from '../../workflow/run/run-state.ts'
import { builder } from '../builder.ts'

/** One answer to an approval. */
export const ApprovalDecision = builder.objectRef<Decision>('ApprovalDecision').implement({
  description: 'One answer to an approval.',
  fields: (t) => ({
    by: t.exposeString('by', { description: 'Name of the principal that answered.' }),
    approved: t.exposeBoolean('approved', { description: 'Whether it was yes.' }),
    comment: t.exposeString('comment', { nullable: true, description: 'What was said to it.' }),
    form: t.expose('form', { type: 'JSON', nullable: true, description: 'What was filled in.' }),
  }),
})
