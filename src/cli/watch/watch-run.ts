import type { RunGraphFieldsFragment, WorkflowRunDetailsFragment } from '../../sdk/generated/operations.ts'
import type { Call } from '../call.ts'
import { EXIT_CODES } from '../exit-code.ts'
import { paintStatus } from '../show/status.ts'
import { openApprovals, showRunFacts, showRunLine, treeLines } from '../show/workflow.ts'
import { createLiveBlock } from './live-block.ts'

type Watched = WorkflowRunDetailsFragment & { readonly graph: RunGraphFieldsFragment | null }

/** Iterations drawn of each LOOP or MAP: a tree has to fit a screen. */
const ITERATIONS = 5

/**
 * Shows a run as a tree of its steps until it has ended, or until Ctrl-C: the run goes on then.
 *
 * @returns the exit code
 */
export async function watchRun(call: Call, id: string): Promise<number> {
  const { client, terminal, self } = call
  const show = call.isJson ? showJson(call) : terminal.isLive ? showLive(call) : showLines(call)
  let last: Watched | undefined
  try {
    const signal = terminal.interrupted
    for await (const run of client.workflowRunUpdated({ id, iterations: ITERATIONS }, { signal })) {
      last = run
      show.changed(run)
    }
  } finally {
    show.end()
  }
  if (terminal.interrupted.aborted) {
    terminal.err(`\nThe run goes on. Watch it again: ${self} workflow status ${id} --watch\n`)
    return EXIT_CODES.interrupted
  }
  if (last !== undefined && !call.isJson) for (const line of showRunFacts(last, call)) call.line(line)
  return last?.status === 'COMPLETED' ? EXIT_CODES.ok : EXIT_CODES.taskNotCompleted
}

interface Show {
  changed(run: Watched): void
  end(): void
}

function showJson({ terminal: { out } }: Call): Show {
  return { changed: (run) => out(`${JSON.stringify(run)}\n`), end: () => undefined }
}

function showLive({ terminal, self }: Call): Show {
  const block = createLiveBlock(terminal)
  return {
    changed: (run) =>
      block.draw([
        showRunLine(run, terminal),
        ...(run.graph === null ? [] : treeLines(run.graph, terminal)),
        ...openApprovals(run, { terminal, self }).flatMap(({ lines }) => lines),
      ]),
    end: () => block.end(),
  }
}

/** For files and pipes: one line for each step that has moved, and for each question to people. */
function showLines({ terminal, self, line }: Call): Show {
  const { colors } = terminal
  const seen = new Map<string, string>()
  const asked = new Set<string>()
  return {
    changed(run) {
      for (const { id, status } of run.graph?.nodes ?? []) {
        if (status === (seen.get(id) ?? 'PENDING')) continue
        seen.set(id, status)
        line(`${paintStatus(status, status, colors)} ${id}`)
      }
      for (const question of openApprovals(run, { terminal, self })) {
        if (asked.has(question.id)) continue
        asked.add(question.id)
        for (const text of question.lines) line(text)
      }
    },
    end: () => undefined,
  }
}
