import { type BuiltInTool, defineTool } from './define-tool.ts'
import { selectFiles } from './files-list.ts'
import { PATH_NAMES, readText } from './files-read.ts'
import { patternArgument } from './regex.ts'

interface SearchArgs {
  query: string
  regex?: boolean
  ignore_case?: boolean
  path?: string
  include?: string | string[]
  exclude?: string[]
  limit?: number
  context_lines?: number
}

/** One line that matched. */
interface Match {
  path: string
  /** From 1. */
  line: number
  text: string
  before?: string[]
  after?: string[]
}

/** Files read at once. */
const BATCH = 32

/** Longer lines are shown, and searched, up to here. */
const MAX_LINE = 2000

const searchFilesTool = defineTool<SearchArgs>({
  name: 'search_files',
  description:
    'Searches the text files of the repository for a text or a regular expression (RE2 syntax). Returns {matches: [{path, line, text}], files_searched, note?}.',
  reach: 'read',
  aliases: ['search_code_repo', 'search_code_repo_v2', 'search_code_repo_by_path', 'grep'],
  argumentNames: { ...PATH_NAMES, pattern: 'query', text: 'query', excludePatterns: 'exclude' },
  properties: {
    query: {
      type: 'string',
      minLength: 1,
      description: 'Text to find, or an expression with "regex": true.',
    },
    regex: { type: 'boolean', description: 'Take the query as a regular expression. Default: false.' },
    ignore_case: { type: 'boolean', description: 'Default: false.' },
    path: {
      type: 'string',
      minLength: 1,
      description: 'Folder or file to look in. Default: the repository root.',
    },
    include: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 } },
      ],
      description: 'Globs of files to search, e.g. "*.ts".',
    },
    exclude: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Globs of files to leave out.',
    },
    limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'Most matches. Default: 100.' },
    context_lines: {
      type: 'integer',
      minimum: 0,
      maximum: 20,
      description: 'Lines around a match. Default: 0.',
    },
  },
  required: ['query'],
  async run(args, context) {
    const tool = 'search_files'
    const limit = args.limit ?? 100
    const around = args.context_lines ?? 0
    const matchesLine = lineTest(args)
    const files = await selectFiles(
      context,
      {
        ...(args.path === undefined ? {} : { path: args.path }),
        include: args.include === undefined ? [] : [args.include].flat(),
        exclude: args.exclude ?? [],
      },
      { tool },
    )
    const deadline = Date.now() + context.policy.timeoutMs
    const matches: Match[] = []
    let searched = 0
    let note: string | undefined
    search: for (let from = 0; from < files.length; from += BATCH) {
      context.signal.throwIfAborted()
      if (Date.now() > deadline) {
        note = `Stopped after ${context.policy.timeoutMs} ms; ${files.length - from} files were not searched.`
        break
      }
      const batch = files.slice(from, from + BATCH)
      const texts = await Promise.all(
        batch.map((file) => readText(context, file, { tool, argument: 'path' })),
      )
      for (const [place, file] of batch.entries()) {
        const text = texts[place]
        if (text === undefined) continue
        searched++
        for (const match of matchesIn(file, text, matchesLine, around)) {
          if (matches.length === limit) {
            note = `There are more matches than the limit of ${limit}.`
            break search
          }
          matches.push(match)
        }
      }
    }
    return { matches, files_searched: searched, ...(note === undefined ? {} : { note }) }
  },
})

/** Tools that find text. */
export const searchTools: readonly BuiltInTool[] = [searchFilesTool]

function* matchesIn(
  path: string,
  text: string,
  matchesLine: (line: string) => boolean,
  around: number,
): Generator<Match> {
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (!matchesLine(line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line)) continue
    const match: Match = { path, line: index + 1, text: clip(line) }
    if (around > 0) {
      match.before = lines.slice(Math.max(0, index - around), index).map(clip)
      match.after = lines.slice(index + 1, index + 1 + around).map(clip)
    }
    yield match
  }
}

function clip(line: string): string {
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line
}

function lineTest(args: SearchArgs): (line: string) => boolean {
  if (args.regex === true) {
    const pattern = patternArgument('search_files', 'query', args.query, {
      ignoreCase: args.ignore_case === true,
    })
    return (line) => pattern.occursIn(line)
  }
  if (args.ignore_case === true) {
    const needle = args.query.toLowerCase()
    return (line) => line.toLowerCase().includes(needle)
  }
  return (line) => line.includes(args.query)
}
