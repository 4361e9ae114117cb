import type { Command } from 'commander'
import type { WorkflowVersionFieldsFragment } from '../../sdk/generated/operations.ts'
import type { Call, RunCall } from '../call.ts'
import { NotThere } from '../exit-code.ts'
import { readCount } from '../read/options.ts'
import { clean } from '../show/text.ts'

interface DiffOptions {
  readonly from?: number
  readonly to?: number
}

/** `workflow diff` */
export function addWorkflowDiff(workflow: Command, run: RunCall): void {
  workflow
    .command('diff <name>')
    .description('Show what differs between two versions of a workflow')
    .option('--from <number>', 'the earlier version; the one before the later when absent', readCount)
    .option('--to <number>', 'the later version; the latest when absent', readCount)
    .action((name: string, options: DiffOptions) =>
      run(async (call) => {
        const to = options.to ?? (await latestVersion(call, name))
        const from = options.from ?? to - 1
        if (from < 1) throw new NotThere(`"${name}" has no version before ${to}: say which with --from.`)
        const diff = await readDiff(call, { name, from, to })
        if (call.isJson) call.json(diff)
        else for (const line of linesOf(diff)) call.line(line)
        return undefined
      }),
    )
}

interface Versions {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** What to say of a version that was just made, beside its name: of one that follows others, what differs. */
export async function newVersionLines(
  call: Call,
  { isNew, version }: { readonly isNew: boolean; readonly version: WorkflowVersionFieldsFragment },
): Promise<string[]> {
  const { number: to, workflow } = version
  if (!isNew || to === 1) return []
  const diff = await readDiff(call, { name: workflow.name, from: to - 1, to })
  return [`Runs under way go on with theirs. Since v${to - 1}:`, ...linesOf(diff)]
}

function linesOf({ text }: { readonly text: string }): string[] {
  return text.trim() === '' ? ['Nothing differs.'] : text.trimEnd().split('\n').map(clean)
}

async function readDiff({ client, terminal, self }: Call, { name, from, to }: Versions) {
  const found = await client.diffWorkflowVersions({ name, from, to }, { signal: terminal.interrupted })
  const diff = found?.version?.diff
  if (diff != null) return diff
  if (found === null) throw noWorkflow(name, self)
  throw new NotThere(`"${name}" has no version ${found.version === null ? to : from}. See: ${self} workflow list`)
}

async function latestVersion({ client, terminal, self }: Call, name: string): Promise<number> {
  const found = await client.getWorkflow({ name }, { signal: terminal.interrupted })
  const latest = found?.versions.nodes[0]
  if (latest === undefined) throw noWorkflow(name, self)
  return latest.number
}

function noWorkflow(name: string, self: string): NotThere {
  return new NotThere(`There is no workflow "${name}". See: ${self} workflow list`)
}
