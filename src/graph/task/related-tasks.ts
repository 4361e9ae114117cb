import { builder } from '../builder.ts'
import { decodeKeyset, encodeKeyset } from '../keyset.ts'
import { connectionOf, type Page, type PageArgs, pageOf } from '../page.ts'
import { countChildren, countDependents } from './count-related.ts'
import { Task } from './task.ts'
import { TaskConnection } from './task-connection.ts'

const ORDER = 'CREATED_AT ASC'

/** Where in a connection the tasks are selected. */
const NODES = {
  getType: () => 'Task',
  paths: [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]],
}

// The pages stand in the statement of the task itself, as lateral joins, so a list of tasks with their children is one statement.
builder.prismaObjectFields('Task', (t) => ({
  children: t.connection(
    {
      type: Task,
      description: 'Tasks that are a part of this one, the earliest created first.',
      select: (args: PageArgs, _context: unknown, nested: NestedSelection) => {
        const page = pageOf(args)
        const query = { where: { id: idRange(page) }, orderBy: { id: directionOf(page) }, take: page.size + 1 }
        return { children: nested(query, NODES) }
      },
      resolve: (task: never, args: PageArgs, context: never) => {
        const { id, children } = task as { id: string; children: { id: string }[] }
        const connection = connectionOf(pageOf(args), children, (node) => ({ cursor: cursorOf(node.id), node }))
        return { ...connection, countAll: () => countChildren(context, id) } as never
      },
    } as never,
    TaskConnection,
  ),
  dependents: t.connection(
    {
      type: Task,
      description: 'Tasks that wait or waited for this one, the earliest created first.',
      select: (args: PageArgs, _context: unknown, nested: NestedSelection) => {
        const page = pageOf(args)
        return {
          dependents: {
            where: { taskId: idRange(page) },
            orderBy: { taskId: directionOf(page) },
            take: page.size + 1,
            include: { task: nested({ select: { id: true } }, NODES) },
          },
        }
      },
      resolve: (task: never, args: PageArgs, context: never) => {
        const { id, dependents } = task as { id: string; dependents: { taskId: string; task: object }[] }
        const connection = connectionOf(pageOf(args), dependents, (row) => ({
          cursor: cursorOf(row.taskId),
          node: row.task,
        }))
        return { ...connection, countAll: () => countDependents(context, id) } as never
      },
    } as never,
    TaskConnection,
  ),
}))

type NestedSelection = (query: object, target: typeof NODES) => object

function idRange({ after, before }: Page) {
  return {
    ...(after === null ? {} : { gt: decodeKeyset(ORDER, after).id }),
    ...(before === null ? {} : { lt: decodeKeyset(ORDER, before).id }),
  }
}

function directionOf({ isBackward }: Page): 'asc' | 'desc' {
  return isBackward ? 'desc' : 'asc'
}

function cursorOf(id: string): string {
  return encodeKeyset(ORDER, { at: null, id })
}
