import { readFile } from 'node:fs/promises'
import { basename, relative, resolve, sep } from 'node:path'
import { refuseInvalidConfig } from '../../runner/ready.ts'
import { checkUpstream, type UpstreamFile, type Verdict, wantsMapping } from '../../runner/upstream.ts'
import { groupBy } from '../../schema/group-by.ts'
import type { CommandRunner } from '../command.ts'
import { definitionsAt } from '../definition-files.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import type { Palette } from '../ui/palette.ts'
import { count, oneLine, padEnd } from '../ui/plain-text.ts'
import { writeProjectFile } from '../write-project-file.ts'

const WORDS: Readonly<Record<Verdict, { readonly one: string; readonly all: string }>> = {
  unchanged: { one: 'runs unchanged', all: 'run unchanged' },
  note: { one: 'runs, with a note', all: 'run, with a note' },
  mapping: { one: 'needs a mapping', all: 'need a mapping' },
  invalid: { one: 'is not valid', all: 'are not valid' },
}

/** `codemie-ci adopt`, also `import codemie` and `import octomind`: says how files run here, and copies those that do. */
export const adopt: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  refuseInvalidConfig(project)
  const { cwd } = cli.world
  const paths = invocation.rest('files').flatMap((named) => definitionsAt(resolve(cwd, named), named))
  const sources = await Promise.all(
    paths.map(async (path) => ({
      file: relative(cwd, path).split(sep).join('/'),
      bytes: await readFile(path),
    })),
  )
  const checked = await checkUpstream(sources, project, cli.world)
  const copies = invocation.flag('write') ? await copyAll(sources, checked, project.root) : []
  if (invocation.flag('json'))
    printJson(cli, { files: checked, ...(invocation.flag('write') ? { copies } : {}) })
  else {
    cli.stdout.write(renderFiles(checked, cli.look.stdout))
    for (const { file, path, outcome } of copies) cli.stdout.write(`${file} ${outcome} ${path}\n`)
  }
  return checked.every(({ verdict }) => verdict === 'unchanged' || verdict === 'note')
    ? EXIT.done
    : EXIT.failed
}

interface Copy {
  readonly file: string
  readonly path: string
  readonly outcome: string
}

/** Copies files of which all runs, byte for byte. A file that is there already stays. */
async function copyAll(
  sources: readonly { readonly file: string; readonly bytes: Buffer }[],
  checked: readonly UpstreamFile[],
  root: string,
): Promise<readonly Copy[]> {
  const copies: Copy[] = []
  for (const { file, bytes } of sources) {
    const runs = checked.every(
      (one) => one.file !== file || one.verdict === 'unchanged' || one.verdict === 'note',
    )
    if (!runs) continue
    const path = `.codemie/workflows/${basename(file).replace(/_template(?=\.[^.]+$)/, '')}`
    const copy = { path, text: bytes.toString(), isGenerated: false }
    const outcome = await writeProjectFile(root, copy, false)
    copies.push({
      file,
      path,
      outcome: outcome === 'kept' ? 'was not copied: there is another' : 'is copied to',
    })
  }
  return copies
}

function renderFiles(checked: readonly UpstreamFile[], palette: Palette): string {
  const titles = checked.map(({ file, workflow }) =>
    oneLine(workflow === undefined ? file : `${file}#${workflow}`),
  )
  const width = Math.max(...titles.map(({ length }) => length))
  const signs = signsOf(palette)
  const lines = checked.flatMap(({ verdict, diagnostics }, i) => [
    `${signs[verdict]} ${padEnd(titles[i] ?? '', width)}  ${WORDS[verdict].one}\n`,
    ...[...groupBy(diagnostics, ({ message }) => message)].map(
      ([message, all]) =>
        `    ${palette.dim(`${[...new Set(all.map(({ line }) => line))].join(', ')}:`)} ${oneLine(message)}\n`,
    ),
  ])
  const counts = (Object.keys(WORDS) as Verdict[]).flatMap((verdict) => {
    const many = checked.filter((one) => one.verdict === verdict).length
    return many === 0 ? [] : [`${many} ${many === 1 ? WORDS[verdict].one : WORDS[verdict].all}`]
  })
  const isOneEach = checked.every(({ workflow }) => workflow === undefined)
  const all = count(checked.length, isOneEach ? 'file' : 'workflow')
  return `${lines.join('')}\n${all}: ${counts.join('; ')}\n${renderHelp(checked, palette)}`
}

/** What to do, once for each thing: what most files wait for comes first. */
function renderHelp(checked: readonly UpstreamFile[], { bold, dim }: Palette): string {
  const missing = checked.flatMap(({ verdict, diagnostics }) =>
    verdict === 'mapping' ? diagnostics.filter(wantsMapping) : [],
  )
  if (missing.length === 0) return ''
  const rows = [...groupBy(missing, ({ help = '' }) => help)]
    .map(([help, all]) => ({ help, all, files: new Set(all.map(({ file }) => file)).size }))
    .sort((a, b) => b.files - a.files)
  return `\n${bold('What is missing')}\n${rows
    .map(({ help, all, files }) => {
      const why = [...groupBy(all, ({ message }) => message).keys()].map(
        (message) => `    ${dim(oneLine(message))}\n`,
      )
      return `  ${oneLine(help)} ${dim(`(${count(files, 'file')})`)}\n${why.join('')}`
    })
    .join('')}`
}

function signsOf({ green, yellow, red, symbols }: Palette): Readonly<Record<Verdict, string>> {
  return {
    unchanged: green(symbols.done),
    note: green(symbols.done),
    mapping: yellow(symbols.warning),
    invalid: red(symbols.failed),
  }
}
