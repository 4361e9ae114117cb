import type { Command } from 'commander'
import type {
  FiringStatus,
  TriggerStatus,
  TriggerSummaryFragment,
  UpdateTriggerInput,
} from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import { type Call, type RunCall, signalOf } from '../call.ts'
import { EXIT_CODES, NotThere } from '../exit-code.ts'
import { readCount, readFiringStatuses, readTriggerStatuses } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import { showPage, tellMore } from '../show/page.ts'
import type { Column } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'
import { showFiring, showKey, showOutcome, showTrigger } from '../show/trigger-details.ts'
import {
  addRuleOptions,
  addTargetOptions,
  addTriggerCreate,
  type RuleOptions,
  ruleOf,
  type TargetOptions,
  targetOf,
} from './trigger-create.ts'

interface ListOptions {
  readonly status?: readonly TriggerStatus[]
  readonly takes?: string
  readonly type?: string
  readonly workflow?: string
  readonly limit: number
  readonly after?: string
}

interface FiringOptions {
  readonly status?: readonly FiringStatus[]
  readonly limit: number
  readonly after?: string
}

interface UpdateOptions extends RuleOptions, TargetOptions {
  readonly name?: string
  readonly expectedVersion?: number
}

interface FireOptions {
  readonly key?: string
  readonly payload?: string
  readonly dryRun?: true
  readonly idempotencyKey?: string
}

/** `trigger create`, `update`, `list`, `show`, `firings`, `pause`, `resume`, `fire`, `delete` */
export function addTriggerCommands(trigger: Command, run: RunCall): void {
  addTriggerCreate(trigger, run)
  addUpdate(trigger, run)
  addReads(trigger, run)
  addSteering(trigger, run)
  addFire(trigger, run)
}

function addUpdate(trigger: Command, run: RunCall): void {
  const update = trigger
    .command('update <id>')
    .description('Change a trigger; what is not named stays, and what it starts is replaced as a whole')
    .option('--name <name>', 'what people call it')
  addTargetOptions(addRuleOptions(update))
    .option('--expected-version <number>', 'only while it is at this version', readCount)
    .action((id: string, options: UpdateOptions) =>
      run(async (call) => {
        const { name, expectedVersion } = options
        const target = await targetOf(name ?? (await find(id, call)).name, options, call)
        const { description, condition, ...rule } = ruleOf(options)
        const input: UpdateTriggerInput = {
          id,
          ...rule,
          ...(name !== undefined && { name }),
          ...(expectedVersion !== undefined && { expectedVersion }),
          ...(description !== undefined && { description: description === '' ? null : description }),
          ...(condition !== undefined && { condition: condition === '' ? null : condition }),
          ...target,
        }
        const { trigger: now } = unwrap(await call.client.updateTrigger({ input }, signalOf(call)))
        if (call.isJson) call.json(now)
        else call.line(showTrigger(now, call.terminal))
      }),
    )
}

function addReads(trigger: Command, run: RunCall): void {
  trigger
    .command('list')
    .alias('ls')
    .description('List triggers, the latest first')
    .option('--status <status>', 'only these, in any case: active,paused', readTriggerStatuses)
    .option('--takes <key>', 'only those that take events with this key')
    .option('--type <type>', 'only those whose tasks are of this type')
    .option('--workflow <name>', 'only those that start this workflow')
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .action((options: ListOptions) =>
      run(async (call) => {
        await listTriggers(options, call)
      }),
    )
  trigger
    .command('show <id>')
    .alias('get')
    .description('Show one trigger with its last firings')
    .action((id: string) =>
      run(async (call) => {
        const found = await find(id, call)
        if (call.isJson) call.json(found)
        else call.line(showTrigger(found, call.terminal))
      }),
    )
  trigger
    .command('firings <id>')
    .description('List the events that a trigger took, and what came of them, the latest first')
    .option('--status <status>', 'only these, in any case: pending,started,skipped,failed', readFiringStatuses)
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .action((id: string, options: FiringOptions) =>
      run(async (call) => {
        await listFirings(id, options, call)
      }),
    )
}

function addSteering(trigger: Command, run: RunCall): void {
  trigger
    .command('pause <id>')
    .description('Let events pass a trigger by until it is resumed')
    .action((id: string) =>
      run(async (call) => {
        const { trigger: now } = unwrap(await call.client.pauseTrigger({ input: { id } }, signalOf(call)))
        if (call.isJson) call.json(now)
        else call.line(`Paused ${call.terminal.colors.bold(id)} ${clean(now.name)}`)
      }),
    )
  trigger
    .command('resume <id>')
    .description('Let a paused trigger take events that are sent from now on')
    .action((id: string) =>
      run(async (call) => {
        const { trigger: now } = unwrap(await call.client.resumeTrigger({ input: { id } }, signalOf(call)))
        if (call.isJson) call.json(now)
        else call.line(`Takes events: ${call.terminal.colors.bold(id)} ${clean(now.name)}`)
      }),
    )
  trigger
    .command('delete <id>')
    .description('Delete a trigger; what it has started stays')
    .action((id: string) =>
      run(async (call) => {
        const { deletedId } = unwrap(await call.client.deleteTrigger({ input: { id } }, signalOf(call)))
        if (call.isJson) call.json({ deletedId })
        else call.line(`Deleted ${call.terminal.colors.bold(deletedId)}`)
      }),
    )
}

function addFire(trigger: Command, run: RunCall): void {
  trigger
    .command('fire <id>')
    .description('Fire a trigger now with an event that is made up; exits with 3 when that fails')
    .option('--payload <json>', 'what the event carries: JSON, @file, or - for the standard input')
    .option('--key <key>', 'its key; that of the trigger, or its prefix, without it')
    .option('--dry-run', 'only show what its expressions make of the event')
    .option('--idempotency-key <key>', 'the same key again answers the same firing')
    .action((id: string, { payload, dryRun, idempotencyKey, key }: FireOptions) =>
      run(async (call) => {
        const event = {
          id,
          ...(key !== undefined && { key }),
          ...(payload !== undefined && { payload: await readJson(payload, call.terminal.readInput, '--payload') }),
        }
        if (dryRun === true) return preview(event, call)
        const input = { ...event, ...(idempotencyKey !== undefined && { idempotencyKey }) }
        const { firing, firingId } = unwrap(await call.client.fireTrigger({ input }, signalOf(call)))
        if (call.isJson) call.json(firing ?? { id: firingId })
        else {
          const what = firing === null ? 'is not kept any more' : showOutcome(firing)
          call.line(`${call.terminal.colors.bold(firingId)} ${what}`)
        }
        return firing?.status === 'FAILED' ? EXIT_CODES.refused : EXIT_CODES.ok
      }),
    )
}

type ExampleEvent = Parameters<Call['client']['previewTrigger']>[0]

async function preview(event: ExampleEvent, call: Call): Promise<number> {
  const shown = await call.client.previewTrigger(event, signalOf(call))
  if (shown === null) throw notThere(event.id, call)
  const { status, skipReason, input, errorCode, errorMessage } = shown.preview
  if (call.isJson) call.json(shown.preview)
  else if (status === 'FAILED') call.line(`Would fail: ${errorCode} ${clean(errorMessage ?? '')}`)
  else if (status === 'SKIPPED') call.line(`Would start nothing: ${skipReason}`)
  else call.line(`Would start with the input ${clean(JSON.stringify(input))}`)
  return status === 'FAILED' ? EXIT_CODES.refused : EXIT_CODES.ok
}

async function listTriggers(options: ListOptions, call: Call): Promise<void> {
  const { status, takes, type, workflow, limit, after } = options
  const filter = {
    ...(status !== undefined && { status: { in: status } }),
    ...(takes !== undefined && { takesKey: takes }),
    ...(type !== undefined && { taskType: type }),
    ...(workflow !== undefined && { workflow }),
  }
  const page = { filter, first: limit, ...(after !== undefined && { after }) }
  const found = await call.client.listTriggers(page, signalOf(call))
  if (call.isJson) call.json({ triggers: found.nodes, pageInfo: found.pageInfo })
  else showPage(call, found, { columns: columns(call), what: 'trigger', command: 'trigger list' })
}

async function listFirings(id: string, { status, limit, after }: FiringOptions, call: Call): Promise<void> {
  const page = { id, first: limit, ...(status !== undefined && { status }), ...(after !== undefined && { after }) }
  const found = await call.client.listFirings(page, signalOf(call))
  if (found === null) throw notThere(id, call)
  const { nodes, pageInfo } = found.firings
  if (call.isJson) return call.json({ firings: nodes, pageInfo })
  if (nodes.length === 0) return call.line('No firing.')
  for (const firing of nodes) call.line(showFiring(firing, call.terminal))
  tellMore(call, pageInfo, `trigger firings ${id}`)
}

async function find(id: string, call: Call) {
  const found = await call.client.getTrigger({ id }, signalOf(call))
  if (found === null) throw notThere(id, call)
  return found
}

function notThere(id: string, { self }: Call): NotThere {
  return new NotThere(`There is no trigger ${id}. See: ${self} trigger list`)
}

function columns({ terminal: { now } }: Call): Column<TriggerSummaryFragment>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'STATUS', of: ({ status }) => status },
    { title: 'TAKES', of: showKey, isFlexible: true },
    { title: 'STARTS', of: ({ task, workflow }) => clean(task?.type ?? workflow?.name ?? ''), isFlexible: true },
    { title: 'STARTED', of: ({ startedCount }) => String(startedCount) },
    { title: 'LAST', of: ({ lastStartedAt }) => (lastStartedAt === null ? '' : showRelative(lastStartedAt, present)) },
  ]
}
