import { Refusal } from '../../runner/failure.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { printJson } from '../ui/json.ts'
import { count, oneLine } from '../ui/plain-text.ts'

/** `codemie-ci verify`: whether records are what was written. */
export const verify: CommandRunner = async (invocation, cli) => {
  const ids = invocation.rest('runs')
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli)
  const result = await store.verify(ids.length === 0 ? undefined : ids)
  const { checked, skipped, comparedWithCommit, findings, notes } = result
  if (ids.length > 0 && checked + skipped === 0) {
    throw new Refusal('not-published', 'The run is not on the branch codemie/runs, or not at its tip', {
      help: '`codemie-ci show <run>` reads it wherever it is; `codemie-ci sweep` puts finished runs on the branch.',
    })
  }
  if (invocation.flag('json')) printJson(cli, result)
  else {
    const { red, yellow, dim, green, symbols } = cli.look.stdout
    for (const note of notes) cli.stdout.write(`${yellow(symbols.warning)} ${oneLine(note)}\n`)
    for (const { code, path, message, help } of findings) {
      cli.stdout.write(`${red(symbols.failed)} ${oneLine(path)} ${oneLine(message)} ${dim(`[${code}]`)}\n`)
      cli.stdout.write(`  ${dim(`= help: ${help}`)}\n`)
    }
    const wrong = new Set(findings.map(({ id, path }) => (id === '' ? path : id))).size
    const sign = wrong === 0 ? green(symbols.done) : red(symbols.failed)
    const parts = [
      `${count(checked, 'record')} verified`,
      ...(wrong === 0 ? [] : [`${count(wrong, 'one', 'ones')} not as written`]),
      ...(comparedWithCommit === 0 ? [] : [`${comparedWithCommit} compared with the commit they ran on`]),
      ...(skipped === 0 ? [] : [`${skipped} of newer versions not looked at`]),
    ]
    cli.stdout.write(`${sign} ${parts.join(', ')}\n`)
  }
  return findings.length === 0 ? EXIT.done : EXIT.failed
}
