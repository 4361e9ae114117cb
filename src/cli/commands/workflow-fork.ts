import type { Command } from 'commander'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { readJson } from '../read/read-json.ts'
import { clean } from '../show/text.ts'
import { showRunLine } from '../show/workflow.ts'
import { watchRun } from '../watch/watch-run.ts'

interface ForkOptions {
  readonly from: string
  readonly input?: string
  readonly dryRun?: true
  readonly watch?: true
}

/** Paths that are listed of each kind; `--json` has them all. */
const MOST_LISTED = 30

const EXAMPLES = `
Examples:
  task-mgmt workflow fork run_01h455vb4pex5vsknk084sn02q --from deploy --dry-run
  task-mgmt workflow fork run_01h455vb4pex5vsknk084sn02q --from 'each[3].test' --input '{"ref":"v8"}' --watch`

/** `workflow fork` */
export function addWorkflowFork(workflow: Command, run: RunCall): void {
  workflow
    .command('fork <run>')
    .description('Start a new run that takes over what another did up to a step, and goes on from there')
    .requiredOption('--from <path>', 'the step or iteration that is the first to run again, as workflow graph names it')
    .option('--input <json>', 'input of the new run: JSON, @file.json, or -; that of the other when absent')
    .option('--dry-run', 'start nothing: only say what would be reused and what would run again')
    .option('-w, --watch', 'show its steps until it has ended; exits with 1 when it did not succeed')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: ForkOptions) => run((call) => fork(id, options, call)))
}

async function fork(id: string, { from, input, dryRun, watch }: ForkOptions, call: Call): Promise<number | undefined> {
  const { client, terminal } = call
  const asked = {
    id,
    from,
    ...(input !== undefined && { input: await readJson(input, terminal.readInput) }),
    dryRun: dryRun === true,
  }
  const forked = unwrap(await client.forkWorkflowRun({ input: asked }, { signal: terminal.interrupted }))
  const { run, reused, again } = forked
  if (run !== null && watch === true) return watchRun(call, run.id)
  if (call.isJson) call.json({ run, reused, again })
  else {
    if (run !== null) call.line(`Forked: ${showRunLine(run, terminal)}`)
    for (const line of [...pathLines('Reused', reused, call), ...pathLines('Runs again', again, call)]) call.line(line)
    if (run === null) call.line(terminal.colors.dim('What had not been reached runs as well. Nothing was started.'))
  }
  return undefined
}

function pathLines(title: string, paths: readonly string[], { terminal: { colors } }: Call): string[] {
  if (paths.length === 0) return [`${title}: nothing`]
  const rest = paths.length - MOST_LISTED
  return [
    `${title}: ${paths.length} ${colors.dim('(each with all below it)')}`,
    ...paths.slice(0, MOST_LISTED).map((path) => `  ${clean(path)}`),
    ...(rest > 0 ? [colors.dim(`  … ${rest} more`)] : []),
  ]
}
