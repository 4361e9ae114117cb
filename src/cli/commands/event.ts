import type { Command } from 'commander'
import type {
  GetReceivedEventQuery,
  ReceivedEventFieldsFragment,
  SendEventMutation,
} from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere } from '../exit-code.ts'
import { readCount } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import { tellMore } from '../show/page.ts'
import { paintStatus } from '../show/status.ts'
import { type Column, table } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'
import { showOutcome } from '../show/trigger-details.ts'

interface ListOptions {
  readonly key?: string
  readonly limit: number
  readonly after?: string
}

const EXAMPLES = `
Examples:
  task-mgmt event send order/17/paid --payload '{"amount":12.5}' --id hook-8812
  echo '{"approved":true}' | task-mgmt event send approval/17 --payload -`

/** `event send`, `event list`, `event get` */
export function addEventCommands(event: Command, run: RunCall): void {
  event
    .command('send <key>')
    .description('Send an event to whoever waits for its key')
    .option('--payload <json>', 'what it carries: JSON, @file, or - for the standard input')
    .option('--id <id>', 'your own id of it: the same twice is one event')
    .addHelpText('after', EXAMPLES)
    .action((key: string, options: { payload?: string; id?: string }) =>
      run(async (call) => {
        const { payload, id } = options
        const input = {
          key,
          ...(payload !== undefined && { payload: await readJson(payload, call.terminal.readInput, '--payload') }),
          ...(id !== undefined && { id }),
        }
        const sent = unwrap(await call.client.sendEvent({ input }, { signal: call.terminal.interrupted }))
        if (call.isJson) call.json(sent)
        else for (const line of showSent(sent, call)) call.line(line)
      }),
    )
  event
    .command('list')
    .alias('ls')
    .description('List events that were sent from outside, the latest first')
    .option('--key <key>', 'only with this key')
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .action((options: ListOptions) => run((call) => listEvents(options, call)))
  event
    .command('get <id>')
    .description('Show one event with its payload, and tasks that it answered')
    .action((id: string) =>
      run(async (call) => {
        const found = await call.client.getReceivedEvent({ id }, { signal: call.terminal.interrupted })
        if (found === null)
          throw new NotThere(`There is no event ${id}, or it is not kept any more. See: ${call.self} event list`)
        if (call.isJson) call.json(found)
        else for (const line of showEvent(found, call)) call.line(line)
      }),
    )
}

async function listEvents({ key, limit, after }: ListOptions, call: Call): Promise<undefined> {
  const { client, terminal } = call
  const variables = {
    first: limit,
    ...(key !== undefined && { filter: { key } }),
    ...(after !== undefined && { after }),
  }
  const { nodes, pageInfo } = await client.listReceivedEvents(variables, { signal: terminal.interrupted })
  if (call.isJson) {
    call.json({ events: nodes, pageInfo })
    return
  }
  call.line(nodes.length === 0 ? 'No event.' : table(columns(terminal.now()), nodes, terminal))
  tellMore(call, pageInfo, 'event list')
}

function columns(present: Date): Column<ReceivedEventFieldsFragment>[] {
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'KEY', of: ({ key }) => clean(key), isFlexible: true },
    { title: 'WOKEN', of: ({ woken }) => String(woken) },
    { title: 'FROM', of: ({ sender }) => clean(sender ?? '') },
    { title: 'OWN ID', of: ({ dedupId }) => clean(dedupId ?? '') },
    { title: 'RECEIVED', of: ({ receivedAt }) => showRelative(receivedAt, present) },
  ]
}

type Sent = Extract<SendEventMutation['sendEvent'], { __typename: 'SendEventSuccess' }>

function showSent(sent: Sent, call: Call): string[] {
  const { event, woken, toldSteps, triggered, isRepeat, conditionErrors, failedConditions } = sent
  const { colors } = call.terminal
  const what = isRepeat ? 'Was sent before:' : 'Sent'
  const who = [
    ...(woken === 0 ? [] : [`${woken} ${woken === 1 ? 'wait' : 'waits'} answered`]),
    ...(toldSteps === 0 ? [] : [`told to ${toldSteps === 1 ? '1 step of a run' : `${toldSteps} steps of runs`}`]),
    ...(triggered === 0 ? [] : [`handed to ${triggered} ${triggered === 1 ? 'trigger' : 'triggers'}`]),
  ]
  return [
    `${what} ${colors.bold(event.id)}, ${who.length === 0 ? 'nobody waited for it' : who.join(', ')}.`,
    ...showErrors(conditionErrors, failedConditions, call),
  ]
}

function showErrors(
  errors: Sent['conditionErrors'],
  count: number,
  { terminal: { colors } }: Pick<Call, 'terminal'>,
): string[] {
  if (count === 0) return []
  return [
    colors.yellow(`Of ${count} ${count === 1 ? 'wait' : 'waits'} the condition could not be judged:`),
    ...errors.map(({ taskId, condition, message }) => `  ${taskId} ${clean(condition)}: ${clean(message)}`),
  ]
}

function showEvent(event: NonNullable<GetReceivedEventQuery['receivedEvent']>, call: Call): string[] {
  const { colors, now } = call.terminal
  const { id, key, sender, dedupId, receivedAt, woken, payload, tasks, firings, conditionErrors, failedConditions } =
    event
  return [
    `${colors.bold(clean(key))} ${colors.dim(id)}`,
    `received ${showRelative(receivedAt, now())} (${receivedAt})${sender === null ? '' : ` from ${clean(sender)}`}${dedupId === null ? '' : `, own id ${clean(dedupId)}`}`,
    `answered ${woken} ${woken === 1 ? 'wait' : 'waits'} when it came`,
    ...tasks.map((task) => `  ${task.id} ${clean(task.name)}: ${paintStatus(task.status, task.status, colors)}`),
    ...showErrors(conditionErrors, failedConditions, call),
    ...firings.map((firing) => `trigger ${firing.trigger.id} ${clean(firing.trigger.name)}: ${showOutcome(firing)}`),
    `payload ${clean(JSON.stringify(payload))}`,
  ]
}
