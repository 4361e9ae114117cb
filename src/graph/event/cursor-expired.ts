import { builder } from '../builder.ts'
import { UserError } from '../errors.ts'
import type { Expired } from './event-reader.ts'

/** What becomes of a reader whose cursor is older than what is kept. */
export const CursorExpired = builder
  .objectRef<Expired & { code: string; message: string; path: null }>('CursorExpired')
  .implement({
    description: 'The cursor is older than the events that are kept. Read the present state, then go on from `now`.',
    interfaces: [UserError],
    fields: (t) => ({
      earliest: t.expose('earliest', { type: 'Cursor', description: 'The oldest position that still works.' }),
      now: t.expose('now', { type: 'Cursor', description: 'The position after everything that has happened.' }),
    }),
  })

/** The answer for an expired cursor. */
export function cursorExpired({ kind, earliest, now }: Expired) {
  return {
    kind,
    earliest,
    now,
    code: 'CURSOR_EXPIRED',
    message:
      'What came after this cursor is not kept any more. Read the present state and go on from `now`, or from `earliest`.',
    path: null,
  }
}
