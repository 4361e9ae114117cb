import { TaskMgmtError, type UserError } from './errors.ts'

interface Member {
  readonly __typename: string
}

/** The members of a result that mean success. */
export type Success<Result extends Member> = Extract<Result, { readonly __typename: `${string}Success` }>

/** The members of a result that mean refusal. */
export type Refusal<Result extends Member> = Exclude<Result, { readonly __typename: `${string}Success` }>

/** Whether a verb was refused; narrows the result to the refusals. */
export function isRefused<Result extends Member>(result: Result): result is Refusal<Result> {
  return !result.__typename.endsWith('Success')
}

/**
 * The success of a result, or a thrown refusal.
 *
 * ```ts
 * const { task } = unwrap(await client.createTask({ input: { name: 'Analysis', type: 'code_analysis' } }))
 * ```
 *
 * @throws TaskMgmtError with the code, the path and the refusal itself
 */
export function unwrap<Result extends Member>(result: Result): Success<Result> {
  // A refusal that this version does not know has these fields as well: the documents ask for them on the interface.
  if (isRefused(result)) throw new TaskMgmtError(result as unknown as UserError)
  return result as Success<Result>
}
