import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  type ParseOptions,
  parse,
  type SelectionSetNode,
  type Source,
  type ValidationContext,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Principal } from '../access/principal.ts'
import { isRoleEnough } from '../access/role.ts'
import { requestError } from './request-error.ts'

/** How large a document may be. The same over HTTP, server-sent events and sockets. */
export interface DocumentLimits {
  readonly tokens: number
  /** Levels of fields; fragments count where they are spread, introspection does not. */
  readonly depth: number
  readonly aliases: number
  readonly rootFields: number
  readonly directives: number
}

export const DOCUMENT_LIMITS: DocumentLimits = { tokens: 4_000, depth: 16, aliases: 60, rootFields: 20, directives: 60 }

/** Refuses documents that are too large before anything is resolved, and introspection by those who may not. */
export function useDocumentLimits(limits: DocumentLimits): Plugin<{ principal: Principal | null }> {
  const rule = limitRule(limits)
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string | Source, options?: ParseOptions) => parseWithin(limits.tokens, source, options))
    },
    onValidate({ addValidationRule, context }) {
      addValidationRule(rule)
      if (!mayIntrospect(context.principal)) addValidationRule(NoSchemaIntrospectionCustomRule)
    },
  }
}

/** The whole of the graph is shown to those who may build on it. */
function mayIntrospect(principal: Principal | null): boolean {
  return principal !== null && isRoleEnough(principal.role, 'VIEWER')
}

function parseWithin(tokens: number, source: string | Source, options?: ParseOptions): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: tokens })
  } catch (error) {
    if (error instanceof GraphQLError && error.message.includes('tokens. Parsing aborted')) {
      throw tooLarge('tokens', tokens)
    }
    throw error
  }
}

interface Size {
  aliases: number
  directives: number
}

function limitRule(limits: DocumentLimits) {
  return function DocumentLimitRule(context: ValidationContext) {
    return {
      OperationDefinition(operation: OperationDefinitionNode) {
        const size: Size = { aliases: 0, directives: 0 }
        const problem =
          sizeProblem(context, operation.selectionSet, limits, size) ??
          (countRootFields(context, operation.selectionSet, new Set()) > limits.rootFields
            ? tooLarge('fields of the root', limits.rootFields)
            : null)
        if (problem !== null) context.reportError(problem)
      },
    }
  }
}

/** Walks what the operation selects with every fragment in its place; stops at the first limit, so the walk is bounded too. */
function sizeProblem(
  context: ValidationContext,
  root: SelectionSetNode,
  limits: DocumentLimits,
  size: Size,
): GraphQLError | null {
  const pending: { set: SelectionSetNode; depth: number; within: readonly FragmentDefinitionNode[] }[] = [
    { set: root, depth: 1, within: [] },
  ]
  let visited = 0
  for (let level = pending.pop(); level !== undefined; level = pending.pop()) {
    if (level.depth > limits.depth) return tooLarge('levels of fields', limits.depth)
    for (const selection of level.set.selections) {
      visited += 1
      if (visited > limits.tokens) return tooLarge('fields, with fragments in their places', limits.tokens)
      size.directives += selection.directives?.length ?? 0
      if (size.directives > limits.directives) return tooLarge('directives', limits.directives)
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = context.getFragment(selection.name.value)
        // A fragment within itself is refused by another rule.
        if (fragment && !level.within.includes(fragment)) {
          pending.push({ ...level, set: fragment.selectionSet, within: [...level.within, fragment] })
        }
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        pending.push({ ...level, set: selection.selectionSet })
      } else {
        if (selection.alias !== undefined) size.aliases += 1
        if (size.aliases > limits.aliases) return tooLarge('aliases', limits.aliases)
        const isIntrospection = selection.name.value.startsWith('__')
        if (selection.selectionSet && !isIntrospection) {
          pending.push({ ...level, set: selection.selectionSet, depth: level.depth + 1 })
        }
      }
    }
  }
  return null
}

function countRootFields(context: ValidationContext, set: SelectionSetNode, seen: Set<string>): number {
  let count = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) count += 1
    else if (selection.kind === Kind.INLINE_FRAGMENT) count += countRootFields(context, selection.selectionSet, seen)
    else if (!seen.has(selection.name.value)) {
      seen.add(selection.name.value)
      const fragment = context.getFragment(selection.name.value)
      if (fragment) count += countRootFields(context, fragment.selectionSet, seen)
    }
  }
  return count
}

function tooLarge(what: string, limit: number): GraphQLError {
  return requestError('QUERY_TOO_LARGE', `The document has more than ${limit} ${what}. Split it into several.`, {
    limit,
  })
}
