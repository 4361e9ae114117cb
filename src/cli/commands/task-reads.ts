import type { Command } from 'commander'
import type {
  ListTaskTypesQuery,
  TaskDetailsFragment,
  TaskStatus,
  TaskSummaryFragment,
} from '../../sdk/generated/operations.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere } from '../exit-code.ts'
import { collect, readCount, readStatuses } from '../read/options.ts'
import { showPage } from '../show/page.ts'
import { paintStatus } from '../show/status.ts'
import { type Column, table } from '../show/table.ts'
import { showProgress, showTask } from '../show/task-details.ts'
import { clean } from '../show/text.ts'
import { elapsedMs, showMs, showRelative } from '../show/times.ts'

interface ListOptions {
  readonly status?: readonly TaskStatus[]
  readonly type?: readonly string[]
  readonly tag?: readonly string[]
  readonly limit: number
  readonly after?: string
}

/** `task list`, `task get`, `task types` */
export function addTaskReads(task: Command, run: RunCall): void {
  task
    .command('list')
    .alias('ls')
    .description('List tasks, the latest first')
    .option('--status <status>', 'only these, in any case: running,failed', readStatuses)
    .option('--type <type>', 'only of this type; may be repeated', collect)
    .option('--tag <tag>', 'only with this tag; may be repeated', collect)
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .addHelpText(
      'after',
      '\nExamples:\n  task-mgmt task list --status running\n  task-mgmt task list --status failed --type testing --json',
    )
    .action((options: ListOptions) =>
      run(async (call) => {
        await listTasks(options, call)
      }),
    )
  task
    .command('get <id>')
    .description('Show one task with its result')
    .action((id: string) =>
      run(async (call) => {
        const found = await findTask(id, call)
        if (call.isJson) call.json(found)
        else call.line(showTask(found, call.terminal, call.self))
      }),
    )
  task
    .command('types')
    .description('List the kinds of work that the server knows')
    .action(() =>
      run(async (call) => {
        const types = await call.client.listTaskTypes({}, { signal: call.terminal.interrupted })
        if (call.isJson) call.json(types)
        else
          call.line(
            types.length === 0
              ? 'No task type is registered: no worker has signed on yet.'
              : table(TYPE_COLUMNS, types, call.terminal),
          )
      }),
    )
}

/** @throws NotThere when no task has the id */
export async function findTask(id: string, { client, terminal, self }: Call): Promise<TaskDetailsFragment> {
  const found = await client.getTask({ id }, { signal: terminal.interrupted })
  if (found === null) throw new NotThere(`There is no task ${id}. See: ${self} task list`)
  return found
}

async function listTasks({ status, type, tag, limit, after }: ListOptions, call: Call): Promise<void> {
  const filter = {
    ...(status !== undefined && { status: { in: status } }),
    ...(type !== undefined && { type: { in: type } }),
    ...(tag !== undefined && { tags: { hasEvery: tag } }),
  }
  const page = { filter, first: limit, ...(after !== undefined && { after }) }
  const found = await call.client.listTasks(page, { signal: call.terminal.interrupted })
  if (call.isJson) call.json({ tasks: found.nodes, pageInfo: found.pageInfo })
  else showPage(call, found, { columns: taskColumns(call), what: 'task', command: 'task list' })
}

function taskColumns({ terminal: { colors, now } }: Call): Column<TaskSummaryFragment>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'TYPE', of: ({ type }) => type.name, isFlexible: true },
    { title: 'STATUS', of: ({ status }) => status, paint: (cell, { status }) => paintStatus(cell, status, colors) },
    { title: 'PRIORITY', of: ({ priority }) => priority },
    { title: 'PROGRESS', of: (task) => showProgress(task) ?? '', isFlexible: true },
    { title: 'CREATED', of: ({ createdAt }) => showRelative(createdAt, present) },
    {
      title: 'TOOK',
      of: (task) => {
        const ms = elapsedMs(task, present)
        return ms === null ? '' : showMs(ms)
      },
    },
  ]
}

const TYPE_COLUMNS: readonly Column<ListTaskTypesQuery['taskTypes'][number]>[] = [
  { title: 'TYPE', of: ({ name }) => name },
  { title: 'INPUT', of: ({ inputSchema }) => inputFields(inputSchema), isFlexible: true },
  { title: 'DESCRIPTION', of: ({ description }) => clean(description ?? ''), isFlexible: true },
]

/** The names that the input schema knows, those required first and marked. */
function inputFields(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return 'anything'
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required.map(String) : []
  const names = Object.keys(Object(schema.properties))
  return [
    ...names.filter((name) => required.includes(name)).map((name) => `${name}*`),
    ...names.filter((name) => !required.includes(name)),
  ].join(', ')
}
