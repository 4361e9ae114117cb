/**
 * `task-mgmt`: define task types and workflows, and run a server in a process of one's own. Clients import `task-mgmt/sdk`.
 *
 * @module
 */
export { type RunningServer, type ServerOptions, startServer } from './process/start-server.ts'
export type { JsonSchema, JsonValue } from './task/json.ts'
export type { TaskDefaults } from './task/new-task.ts'
export { defineTaskType } from './worker/define-task-type.ts'
export {
  type Answer,
  type HandledTask,
  type HandlerContext,
  type Lease,
  type LeaseOutcome,
  type LogLevel,
  type Park,
  TaskFailure,
  type TaskHandler,
  type TaskTypeDefinition,
} from './worker/handler.ts'
export { defineWorkflow } from './workflow/definition/builder/define-workflow.ts'
export { cel, has } from './workflow/definition/builder/ref.ts'
export type { StepRef } from './workflow/definition/builder/step-options.ts'
export type { Steps } from './workflow/definition/builder/steps.ts'
export { type Checked, createWorkflowCheck, type WorkflowCheck } from './workflow/definition/check-workflow.ts'
export type { WorkflowDefinition } from './workflow/definition/definition.ts'
export { type DefinitionDiff, diffDefinitions, diffText } from './workflow/definition/diff.ts'
export { type DefinitionProblem, pathText } from './workflow/definition/problem.ts'
export type { Imported, Unmapped } from './workflow/import/imported.ts'
export { importStatesLanguage, type StatesLanguageOptions } from './workflow/import/states-language/import-states.ts'
export { importWfFormat, type WfFormatOptions } from './workflow/import/wf-format.ts'
export { type Instantiated, instantiate, listTemplates, type TemplateInfo } from './workflow/template/templates.ts'
