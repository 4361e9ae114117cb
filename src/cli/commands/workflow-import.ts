import { type Command, InvalidArgumentError } from 'commander'
import type { ImportWorkflowMutation, WorkflowFormat } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import type { Call, RunCall } from '../call.ts'
import { EXIT_CODES } from '../exit-code.ts'
import { readForeign } from '../read/document.ts'
import { readCount } from '../read/options.ts'
import { definitionYaml } from '../show/definition-yaml.ts'
import { clean } from '../show/text.ts'
import { showMade, showProblem } from '../show/workflow.ts'

type TaskTypeOfResource = { readonly resource: string; readonly taskType: string }
type Imported = Extract<ImportWorkflowMutation['importWorkflow'], { __typename: 'ImportWorkflowSuccess' }>

interface ImportOptions {
  readonly format: WorkflowFormat
  readonly file: string
  readonly name?: string
  readonly taskType?: readonly TaskTypeOfResource[]
  readonly timeScale?: number
  readonly maxParallelSteps?: number
  readonly draft?: true
  readonly dryRun?: true
}

const FORMATS: Readonly<Record<string, WorkflowFormat>> = { asl: 'STATES_LANGUAGE', wfformat: 'WF_FORMAT' }

const EXAMPLES = `
Examples:
  task-mgmt workflow import --format asl --file machine.json --name orders --dry-run > orders.yaml
  task-mgmt workflow import --format wfformat --file instance.json --time-scale 0.001 --max-parallel-steps 100`

/** `workflow import` */
export function addWorkflowImport(workflow: Command, run: RunCall): void {
  workflow
    .command('import')
    .description('Make a workflow of a document in another format, and say what of it does not map')
    .requiredOption(
      '--format <format>',
      'asl (Amazon States Language, with JSONPath) or wfformat (WfFormat 1.5 of WfCommons, as simulated tasks)',
      readFormat,
    )
    .requiredOption('-f, --file <file>', 'the document in JSON or YAML; - for the standard input')
    .option('--name <name>', 'name of the workflow; needed for asl, else that of the document')
    .option('--task-type <resource=type>', 'asl: the task type for a resource; may be repeated', readTaskType)
    .option('--time-scale <factor>', 'wfformat: factor of the measured run times, such as 0.001', readFactor)
    .option('--max-parallel-steps <count>', 'wfformat: most tasks that work at a time; 10 when absent', readCount)
    .option('--draft', 'keep it as a draft, which cannot be run')
    .option('--dry-run', 'keep nothing: print the definition as YAML, with what does not map above it')
    .addHelpText('after', EXAMPLES)
    .action((options: ImportOptions) => run((call) => importDocument(options, call)))
}

async function importDocument(options: ImportOptions, call: Call): Promise<number | undefined> {
  const { format, name, taskType, timeScale, maxParallelSteps } = options
  const input = {
    format,
    source: await readForeign(options.file, call),
    ...(name !== undefined && { name }),
    isDraft: options.draft === true,
    dryRun: options.dryRun === true,
    ...(taskType !== undefined && { statesLanguage: { taskTypes: taskType } }),
    ...((timeScale !== undefined || maxParallelSteps !== undefined) && {
      wfFormat: {
        ...(timeScale !== undefined && { timeScale }),
        ...(maxParallelSteps !== undefined && { maxParallelSteps }),
      },
    }),
  }
  const { terminal } = call
  const imported = unwrap(await call.client.importWorkflow({ input }, { signal: terminal.interrupted }))
  const { definition, unmapped, problems, version, isNew } = imported
  const hasErrors = problems.some(({ severity }) => severity === 'ERROR')
  if (call.isJson) call.json({ definition, unmapped, problems, version, isNew })
  else {
    for (const problem of problems) terminal.err(`${showProblem(problem)}\n`)
    if (version === null)
      terminal.out(await definitionYaml(definition, { url: call.url, notes: unmappedLines(unmapped) }))
    else for (const line of [showMade({ version, isNew }, terminal), ...unmappedLines(unmapped)]) call.line(line)
  }
  return hasErrors ? EXIT_CODES.refused : undefined
}

function unmappedLines(unmapped: Imported['unmapped']): string[] {
  if (unmapped.length === 0) return ['All of it maps.']
  return [
    'Does not map, or otherwise:',
    ...unmapped.map(({ count, reason, place }) => {
      const where = place === '' ? '' : `, ${count === 1 ? '' : 'first '}at ${clean(place)}`
      return `  ${clean(reason)} (${count === 1 ? 'once' : `${count} times`}${where})`
    }),
  ]
}

function readFormat(text: string): WorkflowFormat {
  const format = Object.hasOwn(FORMATS, text.toLowerCase()) ? FORMATS[text.toLowerCase()] : undefined
  if (format === undefined) throw new InvalidArgumentError(`Write one of ${Object.keys(FORMATS).join(', ')}.`)
  return format
}

/** `resource=type`, several times; a resource may hold `=`, a task type cannot. */
function readTaskType(text: string, before: readonly TaskTypeOfResource[] = []): readonly TaskTypeOfResource[] {
  const cut = text.lastIndexOf('=')
  if (cut < 1 || cut === text.length - 1) throw new InvalidArgumentError('Write it as resource=type.')
  return [...before, { resource: text.slice(0, cut), taskType: text.slice(cut + 1) }]
}

function readFactor(text: string): number {
  const factor = Number(text)
  if (!(factor > 0)) throw new InvalidArgumentError('Write a number over 0, such as 0.001.')
  return factor
}
