/**
 * `task-mgmt/sdk`: a typed client of the graph for Node and browsers, without dependencies.
 *
 * @module
 */
export { type Client, type ClientOptions, createClient } from './client.ts'
export { GraphQLRequestError, NetworkError, TaskMgmtError, type UserError } from './errors.ts'
export * from './generated/operations.ts'
export type { ConnectionState, ConnectionStatus } from './socket/connection-state.ts'
export type { WebSocketClass, WebSocketLike } from './socket/web-socket.ts'
export { isFinished } from './subscription/resume-rule.ts'
export type { CallOptions, GraphQLProblem, Subscription } from './transport.ts'
export { isRefused, type Refusal, type Success, unwrap } from './unwrap.ts'
export type { TaskChange } from './watch-task.ts'
