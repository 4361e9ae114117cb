import type { JsonValue } from '../../task/json.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { uuidOfArgument } from '../node-id.ts'
import { MAX_PAGE_SIZE, pageOf } from '../page.ts'
import { requestError } from '../request-error.ts'
import { CursorExpired, cursorExpired } from './cursor-expired.ts'
import type { Expired, LineBatch, LoggedLine } from './event-reader.ts'
import { watchLog } from './watch-log.ts'

const LogLevelEnum = builder.enumType('LogLevel', {
  description: 'How much a line matters.',
  values: {
    DEBUG: { value: 'debug', description: 'For who looks for a mistake.' },
    INFO: { value: 'info', description: 'What the handler does.' },
    WARN: { value: 'warn', description: 'Something is odd; the work goes on.' },
    ERROR: { value: 'error', description: 'Something went wrong.' },
  } as const,
})

const LogLine = builder.objectRef<LoggedLine>('LogLine').implement({
  description: 'One line that a handler wrote.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Number of the line, as decimal digits; grows within one attempt.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written.' }),
    attempt: t.exposeInt('attempt', { description: 'Number of the attempt that wrote it, from 1.' }),
    level: t.field({
      type: LogLevelEnum,
      description: 'How much it matters.',
      resolve: ({ level }) => level as 'info',
    }),
    message: t.exposeString('message', { description: 'The line.' }),
    fields: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it says besides, as one object.',
      resolve: ({ fields }) => fields as JsonValue,
    }),
  }),
})

const LogPage = builder.objectRef<LineBatch>('LogPage').implement({
  description: 'A stretch of the log of a task.',
  fields: (t) => ({
    lines: t.field({ type: [LogLine], description: 'The lines, in order.', resolve: ({ lines }) => [...lines] }),
    cursor: t.expose('cursor', { type: 'Cursor', description: 'Position after this page: `after: cursor` reads on.' }),
    hasMore: t.boolean({ description: 'Whether more is there already.', resolve: ({ caughtUp }) => !caughtUp }),
  }),
})

const LogBatch = builder.objectRef<LineBatch>('LogBatch').implement({
  description: 'Lines that came together.',
  fields: (t) => ({
    lines: t.field({ type: [LogLine], description: 'The lines, in order.', resolve: ({ lines }) => [...lines] }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Position after this batch: keep it, and go on from it after a cut.',
    }),
    caughtUp: t.exposeBoolean('caughtUp', { description: 'Whether nothing newer was there when it was read.' }),
  }),
})

const LogFeed = builder.unionType('LogFeed', {
  description: 'What a feed of lines sends: batches, or once and last that its cursor has expired.',
  types: [LogBatch, CursorExpired],
  resolveType: ({ kind }) => (kind === 'expired' ? 'CursorExpired' : 'LogBatch'),
})

builder.prismaObjectFields('Task', (t) => ({
  log: t.field({
    type: LogPage,
    description: 'What its handler wrote, from the earliest that is kept.',
    args: {
      first: t.arg.int({ description: `How many, 1 to ${MAX_PAGE_SIZE}; 20 when it is absent.` }),
      after: t.arg({ type: 'Cursor', description: 'Only what came after this position.' }),
    },
    resolve: async ({ id, tenant }, { after, first }, { events }) => {
      const size = pageOf({ first }).size
      return linesOf(await events.readLog({ tenant, taskId: id, first: size, ...(after != null && { after }) }))
    },
  }),
}))

builder.subscriptionFields((t) => ({
  taskLog: t.field({
    type: LogFeed,
    description:
      'What the handler of a task writes, from the earliest line that is kept; ends when the task has ended.',
    authScopes: { role: 'VIEWER' },
    args: {
      id: t.arg.id({ required: true, description: 'TypeID of the task.' }),
      after: t.arg({ type: 'Cursor', description: 'Where to go on from; absent: from the first line.' }),
    },
    subscribe: (_root, { id, after }, context) =>
      watchLog(context, uuidOfArgument(ID_PREFIXES.task, id), after ?? undefined),
    resolve: (item) => (item.kind === 'expired' ? cursorExpired(item) : item),
  }),
}))

function linesOf(answer: LineBatch | Expired): LineBatch {
  if (answer.kind === 'batch') return answer
  const { message, earliest, now } = cursorExpired(answer)
  throw requestError('CURSOR_EXPIRED', message, { earliest, now })
}
