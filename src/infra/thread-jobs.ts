/**
 * What a thread module offers: functions by name. Inputs and outputs cross a thread boundary, so they must survive a
 * structured clone.
 */
export type ThreadJobs = { readonly [name: string]: (input: never) => unknown }

/** The one export a thread module needs; called once in each thread that starts, so that jobs can share what they load. */
export interface ThreadModule {
  jobs(): ThreadJobs
}

/** One job on its way to a thread; a thread has one at a time. */
export interface ThreadRequest {
  readonly job: string
  readonly input: unknown
}

export type ThreadAnswer = { readonly output: unknown } | { readonly error: unknown }
