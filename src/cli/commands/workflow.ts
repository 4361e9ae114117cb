import type { Command } from 'commander'
import type { RunStatus, WorkflowRunSummaryFragment, WorkflowSummaryFragment } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import { type Call, type RunCall, signalOf } from '../call.ts'
import { EXIT_CODES, NotThere } from '../exit-code.ts'
import { readDefinition } from '../read/document.ts'
import { readCount, readRunStatuses } from '../read/options.ts'
import { readJson } from '../read/read-json.ts'
import { showPage } from '../show/page.ts'
import type { Column } from '../show/table.ts'
import { clean } from '../show/text.ts'
import { showRelative } from '../show/times.ts'
import { showMade, showProblem, showRunFacts, showRunLine, treeLines } from '../show/workflow.ts'
import { watchRun } from '../watch/watch-run.ts'
import { addWorkflowDiff, newVersionLines } from './workflow-diff.ts'

interface ListOptions {
  readonly limit: number
  readonly after?: string
}

interface ExecuteOptions {
  readonly workflowVersion?: number
  readonly input?: string
  readonly idempotencyKey?: string
  readonly watch?: true
}

interface ApproveOptions {
  readonly refuse?: true
  readonly comment?: string
  readonly form?: string
}

/** `workflow create`, `validate`, `diff`, `list`, `execute`, `status`, `graph`, `runs`, `cancel`, `pause`, `resume`, `retry`, `approve` */
export function addWorkflowCommands(workflow: Command, run: RunCall): void {
  addDefinitions(workflow, run)
  addWorkflowDiff(workflow, run)
  addRuns(workflow, run)
  addSteering(workflow, run)
}

function addDefinitions(workflow: Command, run: RunCall): void {
  workflow
    .command('create')
    .description('Keep a definition as the next version of the workflow with its name')
    .requiredOption('-f, --file <file>', 'the definition in YAML or JSON; - for the standard input')
    .option('--draft', 'keep it as a draft, which cannot be run')
    .action(({ file, draft }: { file: string; draft?: true }) =>
      run(async (call) => {
        const input = { definition: await readDefinition(file, call), isDraft: draft === true }
        const made = unwrap(await call.client.createWorkflow({ input }, signalOf(call)))
        const { version, warnings, isNew } = made
        if (call.isJson) {
          call.json({ version, warnings, isNew })
          return undefined
        }
        for (const warning of warnings) call.terminal.err(`${showProblem(warning)}\n`)
        call.line(showMade(made, call.terminal))
        for (const line of await newVersionLines(call, made)) call.line(line)
        return undefined
      }),
    )
  workflow
    .command('validate')
    .description('Say all that is wrong with a definition, without keeping it; exits with 3 when it cannot be run')
    .requiredOption('-f, --file <file>', 'the definition in YAML or JSON; - for the standard input')
    .action(({ file }: { file: string }) =>
      run(async (call) => {
        const definition = await readDefinition(file, call)
        const judged = await call.client.validateWorkflow({ definition }, signalOf(call))
        if (call.isJson) call.json(judged)
        else {
          for (const problem of judged.problems) call.line(showProblem(problem))
          if (judged.isValid) call.line('It can be run.')
        }
        return judged.isValid ? EXIT_CODES.ok : EXIT_CODES.refused
      }),
    )
  workflow
    .command('list')
    .alias('ls')
    .description('List workflows, the latest made first')
    .option('--search <text>', 'only those whose name holds this')
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .action(({ search, limit, after }: ListOptions & { search?: string }) =>
      run(async (call) => {
        const filter = search === undefined ? {} : { search }
        const page = { filter, first: limit, ...(after !== undefined && { after }) }
        const found = await call.client.listWorkflows(page, signalOf(call))
        if (call.isJson) call.json({ workflows: found.nodes, pageInfo: found.pageInfo })
        else showPage(call, found, { columns: workflowColumns(call), what: 'workflow', command: 'workflow list' })
        return undefined
      }),
    )
}

function addRuns(workflow: Command, run: RunCall): void {
  workflow
    .command('execute <name>')
    .description('Start a run of a workflow, by its name or id')
    .option('--input <json>', 'what it works on: JSON, @file.json, or - for the standard input')
    .option('--workflow-version <number>', 'the version; the newest that is ready when absent', readCount)
    .option('--idempotency-key <key>', 'the same key again answers the same run')
    .option('-w, --watch', 'show its steps until it has ended; exits with 1 when it did not succeed')
    .action((name: string, { input, workflowVersion, idempotencyKey, watch }: ExecuteOptions) =>
      run(async (call) => {
        const asked = {
          ...(/^workflow_[0-9a-z]{26}$/.test(name) ? { id: name } : { workflow: name }),
          ...(input !== undefined && { input: await readJson(input, call.terminal.readInput) }),
          ...(workflowVersion !== undefined && { version: workflowVersion }),
          ...(idempotencyKey !== undefined && { idempotencyKey }),
        }
        const { run: started } = unwrap(await call.client.executeWorkflow({ input: asked }, signalOf(call)))
        if (watch === true) return watchRun(call, started.id)
        tell(started, 'Started', call)
        return undefined
      }),
    )
  workflow
    .command('status <run>')
    .description('Show where a run stands, its steps, and why it waits')
    .option('-w, --watch', 'go on until it has ended; exits with 1 when it did not succeed')
    .action((id: string, { watch }: { watch?: true }) =>
      run(async (call) => {
        const found = await call.client.getWorkflowRun({ id }, signalOf(call))
        if (found === null) throw noRun(id, call)
        if (watch === true) return watchRun(call, id)
        if (call.isJson) {
          call.json(found)
          return undefined
        }
        const drawn = await call.client.getWorkflowRunGraph({ id, iterations: 5 }, signalOf(call))
        const tree = drawn?.graph == null ? [] : treeLines(drawn.graph, call.terminal)
        for (const line of [showRunLine(found, call.terminal), ...tree, ...showRunFacts(found, call)]) call.line(line)
        return undefined
      }),
    )
  workflow
    .command('graph <run>')
    .description('Draw the steps of a run as a tree, with what comes after what')
    .option('--iterations <count>', 'most iterations drawn of each LOOP or MAP', readCount, 20)
    .action((id: string, { iterations }: { iterations: number }) =>
      run(async (call) => {
        const found = await call.client.getWorkflowRunGraph({ id, iterations }, signalOf(call))
        if (found?.graph == null) throw noRun(id, call)
        if (call.isJson) call.json(found.graph)
        else
          for (const line of [showRunLine(found, call.terminal), ...treeLines(found.graph, call.terminal)])
            call.line(line)
        return undefined
      }),
    )
  workflow
    .command('runs')
    .description('List runs, the latest first')
    .option('--workflow <name>', 'only those of this workflow')
    .option('--status <status>', 'only these, in any case: running,failed', readRunStatuses)
    .option('--limit <count>', 'how many, at most 100', readCount, 20)
    .option('--after <cursor>', 'where the page before ended')
    .action(
      ({ workflow: name, status, limit, after }: ListOptions & { workflow?: string; status?: readonly RunStatus[] }) =>
        run(async (call) => {
          const filter = {
            ...(name !== undefined && { workflow: name }),
            ...(status !== undefined && { status: { in: status } }),
          }
          const page = { filter, first: limit, ...(after !== undefined && { after }) }
          const found = await call.client.listWorkflowRuns(page, signalOf(call))
          if (call.isJson) call.json({ runs: found.nodes, pageInfo: found.pageInfo })
          else showPage(call, found, { columns: runColumns(call), what: 'run', command: 'workflow runs' })
          return undefined
        }),
    )
}

function addSteering(workflow: Command, run: RunCall): void {
  workflow
    .command('cancel <run>')
    .description('Stop a run, with what its steps have started')
    .option('--reason <text>', 'why, for those who look at it later')
    .action((id: string, { reason }: { reason?: string }) =>
      run(async (call) => {
        const input = { id, ...(reason !== undefined && { reason }) }
        tell(unwrap(await call.client.cancelWorkflowRun({ input }, signalOf(call))).run, 'Stops:', call)
        return undefined
      }),
    )
  workflow
    .command('pause <run>')
    .description('Hold a run back: nothing new starts in it')
    .action((id: string) =>
      run(async (call) => {
        tell(unwrap(await call.client.pauseWorkflowRun({ input: { id } }, signalOf(call))).run, 'Paused', call)
        return undefined
      }),
    )
  workflow
    .command('resume <run>')
    .description('Let a paused run go on')
    .action((id: string) =>
      run(async (call) => {
        tell(unwrap(await call.client.resumeWorkflowRun({ input: { id } }, signalOf(call))).run, 'Goes on:', call)
        return undefined
      }),
    )
  workflow
    .command('retry <run>')
    .description('Take up a run that failed or was cancelled, from the steps that did not succeed')
    .option('-w, --watch', 'show its steps until it has ended; exits with 1 when it did not succeed')
    .action((id: string, { watch }: { watch?: true }) =>
      run(async (call) => {
        const { run: now } = unwrap(await call.client.retryWorkflowRun({ input: { id } }, signalOf(call)))
        if (watch === true) return watchRun(call, id)
        tell(now, 'Goes on:', call)
        return undefined
      }),
    )
  workflow
    .command('approve <approval>')
    .description('Answer an approval')
    .option('--refuse', 'answer no instead of yes')
    .option('--comment <text>', 'what is to be said to it')
    .option('--form <json>', 'what is filled in: JSON, @file.json, or - for the standard input')
    .action((id: string, { refuse, comment, form }: ApproveOptions) =>
      run(async (call) => {
        const input = {
          id,
          approved: refuse !== true,
          ...(comment !== undefined && { comment }),
          ...(form !== undefined && { form: await readJson(form, call.terminal.readInput, '--form') }),
        }
        const { approval } = unwrap(await call.client.decideApproval({ input }, signalOf(call)))
        if (call.isJson) call.json(approval)
        else
          call.line(
            `${call.terminal.colors.bold(id)} ${approval.status}, its run ${approval.run.id} ${approval.run.status}`,
          )
        return undefined
      }),
    )
}

function tell(run: WorkflowRunSummaryFragment, what: string, call: Call): void {
  if (call.isJson) call.json(run)
  else call.line(`${what} ${showRunLine(run, call.terminal)}`)
}

function noRun(id: string, { self }: Call): NotThere {
  return new NotThere(`There is no run ${id}. See: ${self} workflow runs`)
}

function workflowColumns({ terminal: { now } }: Call): Column<WorkflowSummaryFragment>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => clean(name), isFlexible: true },
    { title: 'VERSION', of: ({ version }) => (version === null ? '' : `${version.number} ${version.status}`) },
    { title: 'STEPS', of: ({ version }) => String(version?.stepCount ?? '') },
    { title: 'CHANGED', of: ({ updatedAt }) => showRelative(updatedAt, present) },
  ]
}

function runColumns({ terminal: { now } }: Call): Column<WorkflowRunSummaryFragment>[] {
  const present = now()
  return [
    { title: 'ID', of: ({ id }) => id },
    {
      title: 'WORKFLOW',
      of: ({ workflow, version }) => `${clean(workflow.name)} v${version.number}`,
      isFlexible: true,
    },
    { title: 'STATUS', of: ({ status }) => status },
    { title: 'CREATED', of: ({ createdAt }) => showRelative(createdAt, present) },
    { title: 'ERROR', of: ({ error }) => error?.code ?? '', isFlexible: true },
  ]
}
