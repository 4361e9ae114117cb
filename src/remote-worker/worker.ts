/**
 * `task-mgmt/worker`: a worker for Node that serves task types from a process of its own, over the graph.
 *
 * @module
 */
export type { JsonSchema, JsonValue } from '../task/json.ts'
export type { TaskDefaults } from '../task/new-task.ts'
export type { TaskResources } from '../task/resources.ts'
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
} from '../worker/handler.ts'
export { createWorker, type RemoteWorker, type WorkerOptions } from './create-worker.ts'
export type { ServedDefinition, ThreadDefinition } from './definition.ts'
export type { SchemaOf } from './schema-of.ts'
