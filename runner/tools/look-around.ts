import { access, constants, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { LineRange, ShownLines } from '../../schema/dialects/octomind/file-context.ts'
import type { ProjectValue } from '../../schema/dialects/octomind/placeholders.ts'
import { StepFailure } from '../failure.ts'
import { runProcess } from '../process/run-process.ts'
import { LOOK_AROUND, type LookAround, type SeenAround } from '../steps/project-values.ts'
import { readTextFile } from './files-read.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

/**
 * Tells what a prompt of Octomind names: values of the project and of the moment, or lines of files in the repository.
 * Fails with a `StepFailure` when the folder is none.
 *
 * @param now milliseconds since 1970.
 */
export async function lookAround(asked: LookAround, context: ToolContext, now: number): Promise<SeenAround> {
  const folder = await folderOf(asked.folder ?? '.', context)
  if ('files' in asked) {
    return { files: await Promise.all(asked.files.map((range) => linesOf(range, folder, context))) }
  }
  const found = await Promise.all(
    asked.values.map(
      async (name) => [name, await VALUES[name]({ folder: folder.absolute, context, now })] as const,
    ),
  )
  return { values: Object.fromEntries(found) }
}

async function folderOf(given: string, context: ToolContext) {
  const place = await resolveInRoot(context, given, { tool: LOOK_AROUND, argument: 'folder' })
  const found = await stat(place.absolute).catch(() => undefined)
  if (found?.isDirectory()) return place
  throw new StepFailure('folder-missing', `workdir '${place.relative}' is not a directory`, {
    blame: 'workflow',
    help: 'Let a step before make it, or correct the path: it counts from the root of the repository.',
  })
}

async function linesOf(
  { path, start, end }: LineRange,
  folder: { readonly relative: string },
  context: ToolContext,
): Promise<ShownLines> {
  const range = { path, start, end }
  try {
    const place = folder.relative === '.' ? path : `${folder.relative}/${path}`
    const text = await readTextFile(context, place, { tool: LOOK_AROUND, argument: 'files' })
    const lines = text.split(/\r?\n/)
    if (lines.at(-1) === '') lines.pop()
    return { ...range, lines: lines.slice(start - 1, end) }
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    return {
      ...range,
      lines: undefined,
      ...(error.blame === 'policy' ? { problem: `File not allowed: ${path}` } : {}),
    }
  }
}

interface Place {
  /** Absolute. */
  readonly folder: string
  readonly context: ToolContext
  readonly now: number
}

const VALUES: Readonly<Record<ProjectValue, (place: Place) => string | Promise<string>>> = {
  DATE: ({ context, now }) => dateText(now, context.env['TZ']),
  SHELL: ({ context }) => context.env['SHELL'] ?? 'sh',
  OS: () => process.platform,
  BINARIES: binariesText,
  CWD: ({ folder }) => folder,
  // The caller knows who is asked.
  ROLE: () => '',
  SYSTEM: async (place) =>
    [
      `Date: ${await VALUES.DATE(place)}`,
      `Operating system: ${process.platform}`,
      `Shell: ${await VALUES.SHELL(place)}`,
      `Working directory: ${place.folder}`,
      `Programs: ${await binariesText(place)}`,
    ].join('\n'),
  CONTEXT: async (place) => section('PROJECT CONTEXT', await contextText(place)),
  GIT_STATUS: async (place) => section('GIT STATUS', await gitText(place, STATUS)),
  GIT_TREE: async (place) => section('FILE TREE', drawTree(await gitText(place, FILES))),
  README: async (place) => section('README', await fileText(place, 'README.md')),
}

function section(title: string, text: string): string {
  return text.trim() === '' ? '' : `\n\n==== ${title} ====\n\n${text}\n\n==== END ${title} ====\n`
}

/** All that is told of a project, under headings; what there is not has none. */
async function contextText(place: Place): Promise<string> {
  const [readme, changes, branch, status, files] = await Promise.all([
    fileText(place, 'README.md'),
    fileText(place, 'CHANGES.md'),
    gitText(place, BRANCH),
    gitText(place, STATUS),
    gitText(place, FILES),
  ])
  const parts = [
    ['Project README', readme],
    ['Project CHANGES', changes],
    ['Git Branch', branch.trim()],
    ['Git Status', status],
    ['Project File Structure', drawTree(files)],
  ] as const
  return parts
    .filter(([, text]) => text.trim() !== '')
    .map(([heading, text]) => `# ${heading}\n\n${text}`)
    .join('\n\n')
}

interface Folder extends Map<string, Folder | undefined> {}

/** A drawing of the folders that paths stand in, in the order of their names. */
function drawTree(paths: string): string {
  const root: Folder = new Map()
  for (const path of paths.split('\n').filter((line) => line.trim() !== '')) {
    const parts = path.split('/')
    const name = parts.pop() ?? ''
    let folder = root
    for (const part of parts) {
      const inner: Folder = folder.get(part) ?? new Map()
      folder.set(part, inner)
      folder = inner
    }
    folder.set(name, undefined)
  }
  return drawFolder(root, '')
}

function drawFolder(folder: Folder, indent: string): string {
  const entries = [...folder].sort(([a], [b]) => (a < b ? -1 : 1))
  return entries
    .map(([name, inner], i) => {
      const isLast = i === entries.length - 1
      const line = `${indent}${isLast ? '└─ ' : '├─ '}${name}`
      return inner ? `${line}/\n${drawFolder(inner, `${indent}${isLast ? '   ' : '│  '}`)}` : `${line}\n`
    })
    .join('')
}

/** `2026-11-29 18:40:11 UTC`. */
function dateText(now: number, timeZone = 'UTC'): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).formatToParts(now)
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`
}

/** Programs that prompts care about, of those that there are. */
const PROGRAMS = [
  'cargo',
  'docker',
  'gcc',
  'git',
  'go',
  'java',
  'make',
  'node',
  'npm',
  'python3',
  'rg',
  'ruby',
  'rustc',
]

async function binariesText({ context: { env } }: Place): Promise<string> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const isThere = async (program: string) =>
    (
      await Promise.all(
        folders.map((folder) =>
          access(join(folder, program), constants.X_OK).then(
            () => true,
            () => false,
          ),
        ),
      )
    ).includes(true)
  const found = await Promise.all(
    PROGRAMS.map(async (program) => ((await isThere(program)) ? [program] : [])),
  )
  return found.flat().join(', ')
}

const STATUS = ['status', '--short']
const FILES = ['ls-files']
const BRANCH = ['rev-parse', '--abbrev-ref', 'HEAD']

/** What git prints in the folder; `''` where there is no repository. */
async function gitText({ folder, context }: Place, args: readonly string[]): Promise<string> {
  const outcome = await runProcess({
    program: 'git',
    args: ['-c', 'core.fsmonitor=false', ...args],
    cwd: folder,
    env: { ...context.env, GIT_OPTIONAL_LOCKS: '0' },
    timeoutMs: context.policy.timeoutMs,
    maxOutputBytes: Math.min(context.policy.maxOutputBytes, 64 * 1024),
    signal: context.signal,
  })
  return outcome.kind === 'exited' && outcome.code === 0 ? outcome.stdout.text : ''
}

async function fileText({ context }: Place, path: string): Promise<string> {
  return await readTextFile(context, path, { tool: LOOK_AROUND, argument: 'files' }).catch(
    (error: unknown) => {
      if (error instanceof StepFailure) return ''
      throw error
    },
  )
}
