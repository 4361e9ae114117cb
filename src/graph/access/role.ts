import { builder } from '../builder.ts'

/** What a principal may do. */
export const RoleEnum = builder.enumType('Role', {
  description: 'What a principal may do. ADMIN includes OPERATOR, that DEVELOPER, that VIEWER; WORKER stands aside.',
  values: {
    ADMIN: { description: 'Everything, keys too.' },
    OPERATOR: { description: 'Runs the system: pauses, resumes, cancels and retries whatever there is.' },
    DEVELOPER: { description: 'Creates tasks, changes and cancels them.' },
    WORKER: { description: 'Claims and runs tasks, and nothing else.' },
    VIEWER: { description: 'Reads and watches.' },
  } as const,
})
