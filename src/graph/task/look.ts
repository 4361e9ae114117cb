/** Why a task waits, as one look found it: two that differ have different texts. */
export interface Look {
  readonly text: string
  /** When it was begun, in milliseconds of the process's clock. */
  readonly at: number
}

/** Follows why tasks wait, which changes without the tasks: their rows and events say nothing of it. */
export interface ReasonWatch {
  /** A look at one task; those asked for at once share their statements. */
  look(tenant: string, taskId: string): Promise<Look>
  /** Looks at it from now on: each that is newer than the reader’s last one and differs from it; a slow reader gets fewer. */
  looks(tenant: string, taskId: string, last: () => Look, signal: AbortSignal): AsyncGenerator<Look, void, undefined>
}
