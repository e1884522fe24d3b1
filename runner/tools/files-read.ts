import { readdir, stat } from 'node:fs/promises'
import { StepFailure } from '../failure.ts'
import { decodeUtf8 } from '../process/run-process.ts'
import { type BuiltInTool, badArgument, defineTool, toolFailed } from './define-tool.ts'
import { explainFileError, type PathUse, readInRoot, resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

const PATH_SCHEMA = {
  type: 'string',
  minLength: 1,
  description: 'Path relative to the repository root, with "/".',
}

/** Names that other systems' file tools give to the path argument. */
export const PATH_NAMES: Readonly<Record<string, string>> = {
  file_path: 'path',
  filepath: 'path',
  relative_path: 'path',
  file_name: 'path',
}

const readFileTool = defineTool<{ path: string; start_line?: number; end_line?: number }>({
  name: 'read_file',
  description: 'Reads a text file of the repository, whole or a range of lines.',
  reach: 'read',
  aliases: [
    'read_bootstrap_file',
    'read_file_from_file_system',
    'read_file_lines',
    'read_text_file',
    'view_file',
  ],
  argumentNames: { ...PATH_NAMES, line_start: 'start_line', line_end: 'end_line' },
  properties: {
    path: PATH_SCHEMA,
    start_line: { type: 'integer', minimum: 1, description: 'First line, from 1. Default: the first.' },
    end_line: { type: 'integer', minimum: 1, description: 'Last line, included. Default: the last.' },
  },
  required: ['path'],
  async run(args, context) {
    if (args.start_line !== undefined && args.end_line !== undefined && args.end_line < args.start_line) {
      throw badArgument('read_file', 'end_line', `is ${args.end_line}, before start_line ${args.start_line}`)
    }
    const text = await readTextFile(context, args.path, { tool: 'read_file', argument: 'path' })
    if (args.start_line === undefined && args.end_line === undefined) return text
    const lines = text.split('\n')
    const start = args.start_line ?? 1
    if (start > lines.length) {
      throw badArgument(
        'read_file',
        'start_line',
        `is ${start}, but "${args.path}" has ${lines.length} lines`,
      )
    }
    return lines.slice(start - 1, args.end_line ?? lines.length).join('\n')
  },
})

const readMultipleFilesTool = defineTool<{ paths: string[] }>({
  name: 'read_multiple_files',
  description:
    'Reads several text files of the repository. Returns a list of {path, content}, or {path, error} for one that cannot be read.',
  reach: 'read',
  aliases: ['read_files_content'],
  argumentNames: { file_paths: 'paths' },
  properties: {
    paths: {
      type: 'array',
      items: PATH_SCHEMA,
      minItems: 1,
      maxItems: 50,
      description: 'Paths, at most 50.',
    },
  },
  required: ['paths'],
  async run(args, context) {
    const share = Math.max(1, Math.floor(context.policy.maxOutputBytes / args.paths.length))
    const results: Record<string, string>[] = []
    for (const path of args.paths) {
      try {
        const content = await readTextFile(
          context,
          path,
          { tool: 'read_multiple_files', argument: 'paths' },
          share,
        )
        results.push({ path, content })
      } catch (error) {
        results.push({ path, error: (error as Error).message })
      }
    }
    return results
  },
})

const fileInfoTool = defineTool<{ path: string }>({
  name: 'get_file_info',
  description:
    'Tells whether a path of the repository is a file or a folder, its size in bytes and when it changed.',
  reach: 'read',
  argumentNames: PATH_NAMES,
  properties: { path: PATH_SCHEMA },
  required: ['path'],
  async run(args, context) {
    const use: PathUse = { tool: 'get_file_info', argument: 'path' }
    const place = await resolveInRoot(context, args.path, use)
    try {
      const stats = await stat(place.absolute)
      return {
        path: place.relative,
        kind: stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other',
        size: stats.size,
        modified: stats.mtime.toISOString(),
      }
    } catch (error) {
      throw explainFileError(error, place, use)
    }
  },
})

const listDirectoryTool = defineTool<{ path?: string }>({
  name: 'list_directory',
  description: 'Lists what is directly in a folder of the repository: a list of {name, kind}, folders first.',
  reach: 'read',
  aliases: ['list_files_in_directory'],
  argumentNames: { ...PATH_NAMES, directory: 'path', dir_path: 'path', directory_path: 'path' },
  properties: { path: { ...PATH_SCHEMA, description: 'Folder. Default: the repository root.' } },
  run: async (args, context) => await listFolder(context, args.path ?? '.', 'list_directory'),
})

interface TreeNode {
  name: string
  kind: string
  children?: TreeNode[]
}

/** Entries of a tree beyond which a caller is better served by `list_files` with a pattern. */
const MAX_TREE_ENTRIES = 2000

const directoryTreeTool = defineTool<{ path?: string; depth?: number }>({
  name: 'directory_tree',
  description:
    'Shows the folders and files below a folder of the repository as nested {name, kind, children}.',
  reach: 'read',
  argumentNames: { ...PATH_NAMES, max_depth: 'depth' },
  properties: {
    path: { ...PATH_SCHEMA, description: 'Folder. Default: the repository root.' },
    depth: { type: 'integer', minimum: 1, maximum: 20, description: 'Levels to show. Default: 4.' },
  },
  async run(args, context) {
    let entries = 0
    const walk = async (path: string, levels: number): Promise<TreeNode[]> => {
      const nodes: TreeNode[] = []
      for (const entry of await listFolder(context, path, 'directory_tree')) {
        context.signal.throwIfAborted()
        if (++entries > MAX_TREE_ENTRIES) {
          throw toolFailed(
            'directory_tree',
            `more than ${MAX_TREE_ENTRIES} entries below "${args.path ?? '.'}"`,
            'Give a deeper path, a smaller depth, or use list_files with a pattern.',
          )
        }
        const below = path === '.' ? entry.name : `${path}/${entry.name}`
        const node: TreeNode = { ...entry }
        if (entry.kind === 'folder' && levels > 1 && entry.name !== 'node_modules') {
          node.children = await walk(below, levels - 1)
        }
        nodes.push(node)
      }
      return nodes
    }
    return await walk(args.path ?? '.', args.depth ?? 4)
  },
})

const allowedDirectoriesTool = defineTool<Record<string, never>>({
  name: 'list_allowed_directories',
  description: 'Tells which folders the file tools can use: the repository root, written ".".',
  reach: 'read',
  properties: {},
  run: async () => ['.'],
})

/** Tools that look at files. */
export const fileReadTools: readonly BuiltInTool[] = [
  readFileTool,
  readMultipleFilesTool,
  fileInfoTool,
  listDirectoryTool,
  directoryTreeTool,
  allowedDirectoriesTool,
]

/**
 * The text of a file of the repository. Longer than `maxBytes` (default: the policy's output limit) it is cut and
 * says so in its last line; a file with a NUL byte at its start is refused as binary.
 */
export async function readTextFile(
  context: ToolContext,
  path: string,
  use: PathUse,
  maxBytes: number = context.policy.maxOutputBytes,
): Promise<string> {
  const place = await resolveInRoot(context, path, use)
  const { bytes, totalBytes } = await readInRoot(place, use, maxBytes)
  if (looksBinary(bytes)) {
    throw toolFailed(use.tool, `"${place.relative}" is not a text file`)
  }
  const cut = totalBytes > bytes.length
  const text = decodeUtf8(bytes, cut)
  return cut ? `${text}\n[cut here: ${bytes.length} of ${totalBytes} bytes shown]` : text
}

/** Files larger than this are generated more often than written. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024

/**
 * The text of a listed file, for tools that go through many. `undefined` where there is none to go through: binary, more
 * than 2 MiB, gone, or a link that leads out of the repository.
 */
export async function readText(
  context: ToolContext,
  path: string,
  use: PathUse,
): Promise<string | undefined> {
  try {
    // Resolved although git listed it: what it lists may be a link.
    const { bytes, totalBytes } = await readInRoot(
      await resolveInRoot(context, path, use),
      use,
      MAX_TEXT_BYTES,
    )
    return totalBytes > bytes.length || looksBinary(bytes) ? undefined : bytes.toString('utf8')
  } catch (error) {
    if (error instanceof StepFailure) return undefined
    throw error
  }
}

/** Git's own test for binary content: a NUL byte among the first 8000. */
function looksBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8000).includes(0)
}

async function listFolder(
  context: ToolContext,
  path: string,
  tool: string,
): Promise<{ name: string; kind: string }[]> {
  const use: PathUse = { tool, argument: 'path' }
  const place = await resolveInRoot(context, path, use)
  try {
    const entries = await readdir(place.absolute, { withFileTypes: true })
    return entries
      .filter((entry) => entry.name !== '.git')
      .map((entry) => ({
        name: entry.name,
        kind: entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'file',
      }))
      .sort(
        (a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder') || compareNames(a.name, b.name),
      )
  } catch (error) {
    throw explainFileError(error, place, use)
  }
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
