import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Refusal } from '../../runner/failure.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { jsonText } from '../ui/json.ts'
import { usageError } from '../usage-error.ts'

/** Archives keep local times: this one gives the same bytes everywhere, so that equal runs give equal archives. */
const ZIP_TIME = new Date(1980, 0, 2)

/** `codemie-ci export`: a run for other programs and people. */
export const exportRun: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli)
  const run = await store.read(invocation.required('run'))
  const { archiveName, exportFiles, exportJson, exportMarkdown } = await import(
    '../../runner/report/export-run.ts'
  )
  const format = invocation.text('format') ?? 'json'
  const output = invocation.text('output')
  if (output === '-' && format === 'zip')
    throw usageError('An archive is not printed.', 'Give a file with --output.')
  const file = output === '-' ? undefined : output
  const keep = (path: string, content: string | Uint8Array) => {
    try {
      writeFileSync(resolve(cli.world.cwd, path), content, { flag: invocation.flag('force') ? 'w' : 'wx' })
    } catch (error) {
      const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
      throw new Refusal(
        isThere ? 'file-exists' : 'file-not-written',
        isThere ? `${path} is there already` : `${path} cannot be written: ${(error as Error).message}`,
        {
          help: isThere
            ? 'Add --force to replace it, or give another name with --output.'
            : 'Give another name with --output.',
        },
      )
    }
    cli.stderr.write(`${path}\n`)
  }
  if (format === 'zip') {
    const { strToU8, zipSync } = await import('fflate')
    const files = [...exportFiles(run, invocation.flag('combined'))]
    const bytes = zipSync(
      Object.fromEntries(files.map(([path, text]) => [path, [strToU8(text), { mtime: ZIP_TIME }]])),
    )
    keep(file ?? `${archiveName(run)}.zip`, bytes)
  } else {
    const text = format === 'md' ? exportMarkdown(run) : jsonText(exportJson(run))
    if (file === undefined) cli.stdout.write(text)
    else keep(file, text)
  }
  return EXIT.done
}
