import { Command } from 'commander'
import { createCall } from './call.ts'
import { addEventCommands } from './commands/event.ts'
import { addKeyCommands } from './commands/key.ts'
import { addPoolCommands } from './commands/pool.ts'
import { addQueueCommands } from './commands/queue.ts'
import { addScheduleCommands } from './commands/schedule.ts'
import { addSystemCommands } from './commands/system.ts'
import { addTaskCreate } from './commands/task-create.ts'
import { addTaskReads } from './commands/task-reads.ts'
import { addTaskSteering } from './commands/task-steering.ts'
import { addTaskUpdate } from './commands/task-update.ts'
import { addTaskWatching } from './commands/task-watching.ts'
import { addTaskWhy } from './commands/task-why.ts'
import { addTemplateCommands } from './commands/template.ts'
import { addTriggerCommands } from './commands/trigger.ts'
import { addWorkerCommands } from './commands/worker.ts'
import { addWorkflowCommands } from './commands/workflow.ts'
import { addWorkflowFork } from './commands/workflow-fork.ts'
import { addWorkflowImport } from './commands/workflow-import.ts'
import { addWorkflowSchema } from './commands/workflow-schema.ts'
import type { CliOptions, Session } from './session.ts'

const EXAMPLES = `
Examples:
  task-mgmt task create --name Analysis --type code_analysis --input '{"path":"src"}' --watch
  task-mgmt task list --status running
  task-mgmt task logs task_01h455vb4pex5vsknk084sn02q -f
  task-mgmt serve --help

Exit codes: 0 done, 1 the task did not succeed, 2 not understood, 3 refused or not found, 4 no server, 70 our fault, 130 Ctrl-C`

/** All commands, with their help. */
export function createProgram(options: CliOptions, session: Session): Command {
  const { terminal, version } = options
  const program = new Command('task-mgmt')
  configure(program, options)
  program
    .description('Durable tasks: make them, watch them, steer them.')
    .version(version, '-V, --version', 'print the version')
    .option('--url <url>', 'the server (or TASK_MGMT_URL; default http://127.0.0.1:4000/graphql)')
    .option('--api-key <key>', 'the key to show it (or TASK_MGMT_API_KEY)')
    .option('--json', 'print JSON for programs instead of text for people')
    .option('--no-color', 'print without colours')
    .addHelpText('after', EXAMPLES)
  const call = createCall({ program, session, settings: options.settings, terminal })
  const task = program.command('task').description('Make, find, watch and steer tasks')
  addTaskCreate(task, call)
  addTaskReads(task, call)
  addTaskWhy(task, call)
  addTaskWatching(task, call)
  addTaskSteering(task, call)
  addTaskUpdate(task, call)
  addEventCommands(program.command('event').description('Tell tasks that wait what has happened outside'), call)
  const workflow = program.command('workflow').description('Run steps that hang together')
  addWorkflowCommands(workflow, call)
  addWorkflowFork(workflow, call)
  addWorkflowImport(workflow, call)
  addWorkflowSchema(workflow, call)
  addTemplateCommands(program.command('template').description('Workflows that many need, made by parameters'), call)
  addScheduleCommands(program.command('schedule').description('Start tasks by the clock'), call)
  addTriggerCommands(program.command('trigger').description('Start tasks and workflows by events from outside'), call)
  addSystemCommands(program.command('system').description('How the server is'), call)
  addWorkerCommands(program.command('worker').description('Who does the work'), call)
  addQueueCommands(program.command('queue').description('In which order waiting tasks run, and what holds them'), call)
  addPoolCommands(program.command('pool').description('Slots that tasks share, over all workers'), call)
  addKeyCommands(program.command('key').description('API keys'), call, options.createLocalKey)
  program.command('serve').description('Start the server (see: task-mgmt serve --help)')
  for (const command of allCommands(program)) configure(command, options)
  return program
}

/** Errors are thrown instead of ending the process, and written where the terminal says. */
function configure(command: Command, { terminal }: CliOptions): void {
  const { colors } = terminal
  command
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what can be written here)')
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: Math.min(terminal.columns, 100),
      styleTitle: (text) => colors.bold(text),
      styleCommandText: (text) => colors.cyan(text),
      styleOptionTerm: (text) => colors.cyan(text),
      styleSubcommandTerm: (text) => colors.cyan(text),
    })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHasColors: () => colors.isColorSupported,
      getErrHasColors: () => colors.isColorSupported,
      outputError: (text, write) => write(colors.red(text)),
    })
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)])
}
