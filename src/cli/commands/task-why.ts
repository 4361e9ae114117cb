import type { Command } from 'commander'
import type { TaskExplanationFragment } from '../../sdk/generated/operations.ts'
import { isFinished } from '../../sdk/subscription/resume-rule.ts'
import type { Call, RunCall } from '../call.ts'
import { EXIT_CODES, NotThere } from '../exit-code.ts'
import { showWhy } from '../show/task-why.ts'
import { createLiveBlock } from '../watch/live-block.ts'

/** `task why` */
export function addTaskWhy(task: Command, run: RunCall): void {
  task
    .command('why <id>')
    .description('Explain why a task waits, and what would free it; or what else it does')
    .option('-w, --watch', 'go on until the task has ended, and show each change of the answer')
    .addHelpText('after', '\nExample:\n  task-mgmt task why task_01h455vb4pex5vsknk084sn02q --watch')
    .action((id: string, { watch }: { watch?: boolean }) =>
      run(async (call) => {
        const found = await explain(id, call)
        if (watch === true && !isFinished(found.status)) return watchWhy(call, id)
        if (call.isJson) call.json(found)
        else for (const line of showWhy(found, call.terminal, call.self)) call.line(line)
        return undefined
      }),
    )
}

/** @throws NotThere when no task has the id */
async function explain(id: string, { client, terminal, self }: Call): Promise<TaskExplanationFragment> {
  const found = await client.explainTask({ id }, { signal: terminal.interrupted })
  if (found === null) throw new NotThere(`There is no task ${id}. See: ${self} task list`)
  return found
}

const REDRAW_MS = 500

/** Shows each new answer until the task has ended, or until Ctrl-C. */
async function watchWhy(call: Call, id: string): Promise<number> {
  const { client, terminal } = call
  const show = showerOf(call)
  try {
    for await (const task of client.taskExplained({ id }, { signal: terminal.interrupted })) show.changed(task)
  } finally {
    show.end()
  }
  return terminal.interrupted.aborted ? EXIT_CODES.interrupted : EXIT_CODES.ok
}

interface Shower {
  changed(task: TaskExplanationFragment): void
  end(): void
}

function showerOf({ isJson, terminal, line, self }: Call): Shower {
  if (isJson) return { changed: (task) => terminal.out(`${JSON.stringify(task)}\n`), end: () => undefined }
  if (!terminal.isLive) {
    return {
      changed: (task) => {
        for (const text of showWhy(task, terminal, self)) line(text)
      },
      end: () => undefined,
    }
  }
  const block = createLiveBlock(terminal)
  let last: TaskExplanationFragment | undefined
  const draw = (): void => {
    if (last !== undefined) block.draw(showWhy(last, terminal, self))
  }
  const timer = setInterval(draw, REDRAW_MS)
  return {
    changed(task) {
      last = task
      draw()
    },
    end() {
      clearInterval(timer)
      draw()
      block.end()
    },
  }
}
