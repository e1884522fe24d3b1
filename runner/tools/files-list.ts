import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuiltInTool, defineTool, toolFailed } from './define-tool.ts'
import { compareNames, PATH_NAMES } from './files-read.ts'
import { runGit } from './git-command.ts'
import { globMatcher } from './globs.ts'
import { patternArgument } from './regex.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

/** Which files of the repository are meant. Everything left out means all. */
export interface FileSelection {
  /** Folder or file to look under. Default: the root. */
  readonly path?: string
  /** Globs on the path from the root; one without `/` matches the file name at any depth. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

/**
 * Files of the repository that git knows or would take (ignored ones are left out), in order of their names. Without
 * git the folders are walked, `.git` and `node_modules` excepted.
 *
 * Fails with a `StepFailure` for a bad path or glob; `use.tool` names who asked.
 *
 * @returns paths from the root, with `/`. Symbolic links are listed, not followed.
 */
export async function selectFiles(
  context: ToolContext,
  selection: FileSelection,
  use: { tool: string },
): Promise<string[]> {
  const below = await resolveInRoot(context, selection.path ?? '.', { tool: use.tool, argument: 'path' })
  const prefix = below.relative === '.' ? '' : `${below.relative}/`
  const isIncluded =
    selection.include === undefined || selection.include.length === 0
      ? () => true
      : globMatcher(selection.include, use.tool, 'pattern')
  const isExcluded =
    selection.exclude === undefined || selection.exclude.length === 0
      ? () => false
      : globMatcher(selection.exclude, use.tool, 'exclude')
  const files = (await listedByGit(context, use.tool)) ?? (await walked(context))
  return files.filter(
    (file) =>
      (prefix === '' || file === below.relative || file.startsWith(prefix)) &&
      isIncluded(file) &&
      !isExcluded(file),
  )
}

async function listedByGit(context: ToolContext, tool: string): Promise<string[] | undefined> {
  const inside = await runGit(context, {
    tool,
    args: ['rev-parse', '--is-inside-work-tree'],
    okCodes: [0, 128],
  }).catch(() => undefined)
  if (inside?.text.trim() !== 'true') return undefined
  const output = await runGit(context, {
    tool,
    args: ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    maxBytes: 64 * 1024 * 1024,
  })
  if (output.isCut) throw toolFailed(tool, 'the repository has too many files to list')
  return output.text
    .split('\0')
    .filter((path) => path !== '')
    .sort(compareNames)
}

async function walked(context: ToolContext): Promise<string[]> {
  const { glob } = await import('tinyglobby')
  const files = await glob(['**/*'], {
    cwd: context.root,
    dot: true,
    followSymbolicLinks: false,
    ignore: ['**/.git/**', '**/node_modules/**'],
    signal: context.signal,
  })
  return files.sort(compareNames)
}

/** Drops paths that git still lists but that are gone from the working tree, and folders (submodules). */
async function onlyPresent(context: ToolContext, files: readonly string[]): Promise<string[]> {
  const present: string[] = []
  for (const file of files) {
    const stats = await lstat(join(context.root, file)).catch(() => undefined)
    if (stats !== undefined && !stats.isDirectory()) present.push(file)
  }
  return present
}

const LIMIT_SCHEMA = {
  type: 'integer',
  minimum: 1,
  maximum: 20_000,
  description: 'Most paths to list; more is an error. Default: 2000.',
}

async function listed(
  context: ToolContext,
  tool: string,
  files: readonly string[],
  limit = 2000,
): Promise<string[]> {
  // A list that silently stops is worse than none: a map step would skip files and look complete.
  if (files.length > limit) {
    throw toolFailed(
      tool,
      `${files.length} files match, more than the limit of ${limit}`,
      'Narrow the path or the pattern, or raise "limit".',
    )
  }
  return await onlyPresent(context, files)
}

const listFilesTool = defineTool<{
  path?: string
  pattern?: string | string[]
  exclude?: string[]
  limit?: number
}>({
  name: 'list_files',
  description:
    'Lists files of the repository as a list of paths in order of name, without the ones that git ignores. Globs: "*.ts" by name, "src/**/*.ts" by path.',
  reach: 'read',
  aliases: ['get_repository_file_tree', 'get_repository_file_tree_v2'],
  argumentNames: { ...PATH_NAMES, directory: 'path', glob: 'pattern' },
  properties: {
    path: {
      type: 'string',
      minLength: 1,
      description: 'Folder to look under. Default: the repository root.',
    },
    pattern: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
      ],
      description: 'A glob or several.',
    },
    exclude: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Globs to leave out.' },
    limit: LIMIT_SCHEMA,
  },
  async run(args, context) {
    const include = args.pattern === undefined ? [] : [args.pattern].flat()
    const files = await selectFiles(
      context,
      { ...(args.path === undefined ? {} : { path: args.path }), include, exclude: args.exclude ?? [] },
      { tool: 'list_files' },
    )
    return await listed(context, 'list_files', files, args.limit)
  },
})

const searchByRegexTool = defineTool<{
  path?: string
  regex: string
  excludeRegexes?: string[]
  limit?: number
}>({
  name: 'search_files_by_regex',
  description:
    'Lists files of the repository whose path contains a match of a regular expression (RE2 syntax).',
  reach: 'read',
  argumentNames: {
    ...PATH_NAMES,
    pattern: 'regex',
    exclude_regexes: 'excludeRegexes',
    exclude: 'excludeRegexes',
  },
  properties: {
    path: { type: 'string', description: 'Folder to look under. Default: the repository root.' },
    regex: { type: 'string', minLength: 1, description: 'What the path must contain, e.g. "[.]ts$".' },
    excludeRegexes: {
      type: 'array',
      items: { type: 'string' },
      description: 'What the path must not contain.',
    },
    limit: LIMIT_SCHEMA,
  },
  required: ['regex'],
  async run(args, context) {
    const tool = 'search_files_by_regex'
    const wanted = patternArgument(tool, 'regex', args.regex)
    const unwanted = (args.excludeRegexes ?? []).map((source) =>
      patternArgument(tool, 'excludeRegexes', source),
    )
    // A template that found no value renders as an empty path: that is the root.
    const path = args.path === undefined || args.path === '' ? '.' : args.path
    const files = (await selectFiles(context, { path }, { tool })).filter(
      // The slash in front lets `\Wtest\W` find a folder at the root.
      (file) => wanted.occursIn(`/${file}`) && !unwanted.some((pattern) => pattern.occursIn(`/${file}`)),
    )
    return await listed(context, tool, files, args.limit)
  },
})

/** Tools that find files by their names. */
export const fileListTools: readonly BuiltInTool[] = [listFilesTool, searchByRegexTool]
