// Users whose `lib` lacks it can still check their types.
/// <reference lib="esnext.disposable" preserve="true" />
/** One operation of the graph, with the types of what goes in and what comes out. */
export interface Operation<Data, Variables> {
  readonly name: string
  readonly kind: 'query' | 'mutation' | 'subscription'
  /** The one field it selects; its value is the answer. */
  readonly field: string
  /** The document. */
  readonly text: string
  /** Never set; carries the types. */
  readonly types?: (variables: Variables) => Data
}

export interface CallOptions {
  /** Gives up the call, or ends the subscription. */
  readonly signal?: AbortSignal
}

/** The values of a subscription, each once. It begins with the first `next()`, and ends by itself, by `return()` or by its signal. */
export interface Subscription<Data> extends AsyncDisposable {
  next(): Promise<IteratorResult<Data, undefined>>
  /** Ends it at once, also while a `next()` is waited for. */
  return(): Promise<IteratorResult<Data, undefined>>
  [Symbol.asyncIterator](): Subscription<Data>
}

/** How operations reach the server. */
export interface Transport {
  /**
   * @throws NetworkError when no answer came
   * @throws GraphQLRequestError when the server refused the request as a whole
   */
  request<Data, Variables extends object>(
    operation: Operation<Data, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): Promise<Data>
  subscribe<Data, Variables extends object>(
    operation: Operation<Data, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): Subscription<Data>
}

/** A GraphQL answer on the wire. */
export interface GraphQLAnswer {
  readonly data?: { readonly [field: string]: unknown } | null
  readonly errors?: readonly GraphQLProblem[]
}

/** One member of an answer's `errors`. */
export interface GraphQLProblem {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: { readonly code?: string; readonly errorId?: string; readonly [name: string]: unknown }
}
