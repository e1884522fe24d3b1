import type { Refusal } from '../runner/failure.ts'
import { inlineText } from '../runner/report/neutralise.ts'
import { shorten } from './cut.ts'
import type { Forge } from './github.ts'
import { COMMANDS } from './read-command.ts'
import { upsertComment } from './sticky-comment.ts'
import { code, table } from './summary.ts'

/** Who wrote which command. */
interface Written {
  readonly line: string
  readonly login: string
}

/**
 * Says what became of a command in the one comment that there is for that; what the run itself says stands in another one.
 *
 * @param markdown `undefined`: nothing beside that.
 */
export async function answerCommand({
  forge,
  issue,
  markdown,
  ...written
}: Written & {
  readonly forge: Forge
  readonly issue: number
  readonly markdown: string | undefined
}): Promise<void> {
  const settled = `${titleOf(written)} was carried out.`
  await upsertComment(forge, { issue, name: 'command', markdown, settled })
}

/** What stood in the way of a command. Markdown. */
export function renderRefused(written: Written, { code: name, message, help }: Refusal): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  return [
    `### ❌ ${titleOf(written)} was not carried out`,
    `${code(name)}: ${lines.map((line) => inlineText(shorten(line.trim(), 1000))).join('<br>')}`,
    ...(help === undefined ? [] : [`What to do: ${inlineText(shorten(help, 1000))}`]),
  ].join('\n\n')
}

/** What was done. Markdown. */
export function renderDone(line: string, login: string, done: string): string {
  return `### ✅ ${titleOf({ line, login })}\n\n${inlineText(done)}`
}

/** All commands, and what may be started. Markdown. */
export function renderHelp(workflows: readonly string[]): string {
  const rows = Object.entries(COMMANDS).map(([name, { takes, does }]) => [
    code(`/codemie ${name} ${takes}`.trim()),
    does,
  ])
  const names = workflows.slice(0, 50).map(code).join(', ')
  return [
    '### What can be written here',
    table(['The first line of a comment', 'What it does'], rows),
    workflows.length === 0 ? 'No workflow has `workflow_dispatch` under `on`.' : `To be run: ${names}`,
    'It counts when somebody writes it who may write to the repository, and only as it was first written. `"…"` holds a value with spaces together.',
  ].join('\n\n')
}

function titleOf({ line, login }: Written): string {
  return `${code(line)} of ${inlineText(login)}`
}
