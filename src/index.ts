/**
 * `task-mgmt`: define task types, and run a server in a process of one's own. Clients import `task-mgmt/sdk`.
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
