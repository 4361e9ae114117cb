import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Principal } from '../access/principal.ts'
import type { GraphContext, GraphParts } from './context.ts'
import { useFirstCursor } from './first-cursor.ts'
import { DOCUMENT_LIMITS, useDocumentLimits } from './limits.ts'
import { createErrorMask, type OnHiddenError } from './mask-error.ts'
import { MAX_OBJECTS, usePageCost } from './page-cost.ts'
import { schema } from './schema.ts'

/** What a door knows of an operation before it is parsed. */
export interface DoorContext {
  readonly principal: Principal
  readonly signal: AbortSignal
}

export type Yoga = YogaServerInstance<DoorContext, GraphContext>

export interface YogaOptions {
  readonly path: string
  readonly hasGraphiQL: boolean
  readonly allowedOrigins: readonly string[]
  readonly onHiddenError: OnHiddenError
}

/** The executor of all doors: what is refused here is refused over HTTP, server-sent events and sockets alike. */
export function createGraphYoga(parts: GraphParts, options: YogaOptions): Yoga {
  return createYoga<DoorContext, GraphContext>({
    schema,
    graphqlEndpoint: options.path,
    landingPage: false,
    logging: false,
    multipart: false,
    batching: false,
    graphiql: options.hasGraphiQL ? { title: 'task-mgmt', subscriptionsProtocol: 'WS' } : false,
    // Inlined, because the usual page loads its scripts from another site, into a server that may be open to them.
    renderGraphiQL: async (page) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(page),
    cors: options.allowedOrigins.length === 0 ? false : { origin: [...options.allowedOrigins], credentials: false },
    maskedErrors: { maskError: createErrorMask(options.onHiddenError) },
    context: ({ principal, signal }): Omit<GraphContext, keyof DoorContext> & DoorContext => ({
      ...parts,
      principal,
      tenant: principal.tenant,
      signal,
      cursorBeforeReads: null,
    }),
    plugins: [useDocumentLimits(DOCUMENT_LIMITS), usePageCost(MAX_OBJECTS), useFirstCursor()],
  }) as unknown as Yoga
}
