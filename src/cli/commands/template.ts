import { type Command, InvalidArgumentError } from 'commander'
import type { WorkflowTemplateSummaryFragment } from '../../sdk/generated/operations.ts'
import { unwrap } from '../../sdk/unwrap.ts'
import { type Call, type RunCall, signalOf } from '../call.ts'
import { EXIT_CODES, NotThere, UsageError } from '../exit-code.ts'
import { readJson } from '../read/read-json.ts'
import { definitionYaml } from '../show/definition-yaml.ts'
import { type Column, table } from '../show/table.ts'
import { exampleInput, showTemplate } from '../show/template.ts'
import { clean } from '../show/text.ts'
import { showMade, showProblem } from '../show/workflow.ts'

type Parameters = Readonly<Record<string, unknown>>

interface CreateOptions {
  readonly param?: Parameters
  readonly parameters?: string
  readonly name?: string
  readonly draft?: true
  readonly dryRun?: true
}

const EXAMPLES = `
Examples:
  task-mgmt template create monitoring-check --param url=https://example.com/health --param tries=5
  task-mgmt template create code-review --name our-review --dry-run > review.yaml`

/** `template list`, `template show`, `template create` */
export function addTemplateCommands(template: Command, run: RunCall): void {
  template
    .command('list')
    .alias('ls')
    .description('List templates of workflows')
    .action(() =>
      run(async (call) => {
        const templates = await call.client.listWorkflowTemplates({}, signalOf(call))
        if (call.isJson) call.json({ templates })
        else call.line(table(COLUMNS, templates, call.terminal))
        return undefined
      }),
    )
  template
    .command('show <name>')
    .description('Show what a template does, its parameters and its steps')
    .action((name: string) =>
      run(async (call) => {
        const found = await call.client.getWorkflowTemplate({ name }, signalOf(call))
        if (found === null) throw noTemplate(name, call)
        if (call.isJson) call.json(found)
        else for (const line of showTemplate(found, call)) call.line(line)
        return undefined
      }),
    )
  template
    .command('create <name>')
    .description('Make a workflow of a template, or the next version of it')
    .option('-p, --param <name=value>', 'a parameter: JSON, or else a text; may be repeated', readParameter)
    .option('--parameters <json>', 'several: a JSON object, @file.json, or - for the standard input')
    .option('--name <name>', 'what the workflow is called; as the template when absent')
    .option('--draft', 'keep it as a draft, which cannot be run')
    .option('--dry-run', 'keep nothing: print the definition as YAML, to be changed and given to workflow create')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: CreateOptions) => run((call) => create(name, options, call)))
}

const COLUMNS: readonly Column<WorkflowTemplateSummaryFragment>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'DOES', of: ({ title }) => clean(title), isFlexible: true },
  { title: 'TASK TYPES', of: ({ taskTypes }) => taskTypes.join(', '), isFlexible: true },
  { title: 'CALLS', of: ({ integrations }) => integrations.join(', ') },
]

async function create(template: string, options: CreateOptions, call: Call): Promise<number | undefined> {
  const parameters = {
    ...(options.parameters !== undefined && (await readParameters(options.parameters, call))),
    ...options.param,
    ...(options.name !== undefined && { name: options.name }),
  }
  if (options.dryRun === true) return preview(template, parameters, call)
  const { terminal, self } = call
  const input = { template, parameters, isDraft: options.draft === true }
  const made = unwrap(await call.client.createWorkflowFromTemplate({ input }, signalOf(call)))
  if (call.isJson) {
    call.json({ version: made.version, warnings: made.warnings, isNew: made.isNew })
    return undefined
  }
  for (const warning of made.warnings) terminal.err(`${showProblem(warning)}\n`)
  call.line(showMade(made, terminal))
  const { workflow, inputSchema, status } = made.version
  if (status === 'READY')
    call.line(
      terminal.colors.dim(`Start it: ${self} workflow execute ${workflow.name}${exampleInput(inputSchema)} --watch`),
    )
  return undefined
}

async function preview(template: string, parameters: Parameters, call: Call): Promise<number | undefined> {
  const { client, terminal, url } = call
  const found = await client.previewWorkflowTemplate({ name: template, parameters }, signalOf(call))
  if (found === null) throw noTemplate(template, call)
  const { definition, issues, problems } = found.preview
  if (call.isJson) call.json({ definition, issues, problems })
  else {
    for (const { path, message } of issues) terminal.err(`${clean(path.join('.'))}: ${clean(message)}\n`)
    for (const problem of problems) terminal.err(`${showProblem(problem)}\n`)
    if (definition !== null) terminal.out(await definitionYaml(definition, { url }))
  }
  const isRefused = issues.length > 0 || problems.some(({ severity }) => severity === 'ERROR')
  return isRefused ? EXIT_CODES.refused : undefined
}

async function readParameters(text: string, { terminal }: Call): Promise<Parameters> {
  const value = await readJson(text, terminal.readInput, '--parameters')
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Parameters
  throw new UsageError(`--parameters is no object. Write it like '{"tries":5}', @file.json or -`)
}

/** `name=value`, several times; a value that is no JSON is a text. */
function readParameter(text: string, before: Parameters = {}): Parameters {
  const cut = text.indexOf('=')
  if (cut < 1) throw new InvalidArgumentError('Write it as name=value, like tries=5.')
  return { ...before, [text.slice(0, cut)]: jsonOrText(text.slice(cut + 1)) }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function noTemplate(name: string, { self }: Call): NotThere {
  return new NotThere(`There is no template ${name}. See: ${self} template list`)
}
