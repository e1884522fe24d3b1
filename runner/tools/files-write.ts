import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type BuiltInTool, badArgument, defineTool, toolFailed } from './define-tool.ts'
import { PATH_NAMES, readTextFile } from './files-read.ts'
import { explainFileError, type PathUse, resolveForWrite, writeInRoot } from './root.ts'

const PATH_SCHEMA = {
  type: 'string',
  minLength: 1,
  description: 'Path relative to the repository root, with "/".',
}

const CONTENT_NAMES: Readonly<Record<string, string>> = {
  ...PATH_NAMES,
  text: 'content',
  file_content: 'content',
  contents: 'content',
}

const writeFileTool = defineTool<{ path: string; content: string }>({
  name: 'write_file',
  description:
    'Writes a text file of the working tree, replacing it if it exists; folders on the way are made.',
  reach: 'write',
  aliases: ['write_file_to_file_system', 'create_file', 'update_file'],
  argumentNames: CONTENT_NAMES,
  properties: { path: PATH_SCHEMA, content: { type: 'string', description: 'The whole new content.' } },
  required: ['path', 'content'],
  async run(args, context) {
    const use: PathUse = { tool: 'write_file', argument: 'path' }
    const place = await resolveForWrite(context, args.path, use)
    await writeInRoot(place, use, args.content, 'replace')
    return `Wrote ${Buffer.byteLength(args.content)} bytes to ${place.relative}`
  },
})

const appendFileTool = defineTool<{ path: string; content: string }>({
  name: 'append_file',
  description: 'Adds text to the end of a file of the working tree, making it if it does not exist.',
  reach: 'write',
  argumentNames: CONTENT_NAMES,
  properties: { path: PATH_SCHEMA, content: { type: 'string', description: 'The text to add.' } },
  required: ['path', 'content'],
  async run(args, context) {
    const use: PathUse = { tool: 'append_file', argument: 'path' }
    const place = await resolveForWrite(context, args.path, use)
    await writeInRoot(place, use, args.content, 'append')
    return `Added ${Buffer.byteLength(args.content)} bytes to ${place.relative}`
  },
})

const appendStructuredTool = defineTool<{ path: string; content: unknown }>({
  name: 'append_structured_file',
  description:
    'Adds one entry to a JSON file that holds a list, making the file if it does not exist. JSON text is stored as the value it stands for.',
  reach: 'write',
  argumentNames: { ...CONTENT_NAMES, entry: 'content', data: 'content', value: 'content' },
  properties: { path: PATH_SCHEMA, content: { description: 'The entry: any JSON value.' } },
  required: ['path', 'content'],
  async run(args, context) {
    const use: PathUse = { tool: 'append_structured_file', argument: 'path' }
    const place = await resolveForWrite(context, args.path, use)
    let entries: unknown = []
    if (await isThere(place.absolute)) {
      const text = await readTextFile(context, place.relative, use, Number.MAX_SAFE_INTEGER)
      entries = parseJsonOr(text, undefined)
    }
    if (!Array.isArray(entries)) {
      throw toolFailed(
        use.tool,
        `"${place.relative}" does not hold a JSON list, so nothing can be added to it`,
      )
    }
    entries.push(typeof args.content === 'string' ? parseJsonOr(args.content, args.content) : args.content)
    await writeInRoot(place, use, `${JSON.stringify(entries, null, 2)}\n`, 'replace')
    return `${place.relative} now has ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`
  },
})

interface Edit {
  old_text: string
  new_text: string
}

const editFileTool = defineTool<{ path: string; edits: Edit[] }>({
  name: 'edit_file',
  description:
    'Replaces exact pieces of text in a file. Each old_text must occur exactly once; either all edits are made or none.',
  reach: 'write',
  aliases: ['update_file_diff'],
  argumentNames: PATH_NAMES,
  properties: {
    path: PATH_SCHEMA,
    edits: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: {
          old_text: { type: 'string', minLength: 1, description: 'Text to replace, exactly as in the file.' },
          new_text: { type: 'string', description: 'Text to put there.' },
        },
        required: ['old_text', 'new_text'],
        additionalProperties: false,
      },
      description: 'Made one after the other, each on the result of those before it.',
    },
  },
  required: ['path', 'edits'],
  async run(args, context) {
    const use: PathUse = { tool: 'edit_file', argument: 'path' }
    const place = await resolveForWrite(context, args.path, use)
    let text = await readTextFile(context, place.relative, use, Number.MAX_SAFE_INTEGER)
    for (const [index, edit] of args.edits.entries()) {
      const first = text.indexOf(edit.old_text)
      const problem =
        first < 0
          ? 'does not occur'
          : text.indexOf(edit.old_text, first + 1) >= 0
            ? 'occurs more than once'
            : undefined
      if (problem !== undefined) {
        throw badArgument(
          use.tool,
          `edits[${index}].old_text`,
          `${problem} in "${place.relative}"; nothing was changed`,
          'Copy the text exactly from read_file, with enough of its surroundings to be unique.',
        )
      }
      text = text.slice(0, first) + edit.new_text + text.slice(first + edit.old_text.length)
    }
    await writeInRoot(place, use, text, 'replace')
    return `Made ${args.edits.length} ${args.edits.length === 1 ? 'edit' : 'edits'} in ${place.relative}`
  },
})

const createDirectoryTool = defineTool<{ path: string }>({
  name: 'create_directory',
  description: 'Makes a folder in the working tree, with the folders on the way. An existing folder is fine.',
  reach: 'write',
  argumentNames: { ...PATH_NAMES, directory: 'path' },
  properties: { path: PATH_SCHEMA },
  required: ['path'],
  async run(args, context) {
    const use: PathUse = { tool: 'create_directory', argument: 'path' }
    const place = await resolveForWrite(context, args.path, use)
    try {
      await mkdir(place.absolute, { recursive: true })
    } catch (error) {
      throw explainFileError(error, place, use)
    }
    return `Folder ${place.relative} is there`
  },
})

const moveFileTool = defineTool<{ source: string; destination: string }>({
  name: 'move_file',
  description: 'Moves or renames a file or folder of the working tree. The destination must not exist.',
  reach: 'write',
  properties: { source: PATH_SCHEMA, destination: PATH_SCHEMA },
  required: ['source', 'destination'],
  async run(args, context) {
    const fromUse: PathUse = { tool: 'move_file', argument: 'source' }
    const toUse: PathUse = { tool: 'move_file', argument: 'destination' }
    const from = await resolveForWrite(context, args.source, fromUse, { wholeTree: true })
    const to = await resolveForWrite(context, args.destination, toUse, { wholeTree: true })
    if (await isThere(to.absolute)) throw toolFailed('move_file', `"${to.relative}" already exists`)
    try {
      await mkdir(dirname(to.absolute), { recursive: true })
      await rename(from.absolute, to.absolute)
    } catch (error) {
      throw explainFileError(error, from, fromUse)
    }
    return `Moved ${from.relative} to ${to.relative}`
  },
})

const deleteFileTool = defineTool<{ path: string }>({
  name: 'delete_file',
  description: 'Deletes one file of the working tree. Folders are not deleted.',
  reach: 'write',
  argumentNames: PATH_NAMES,
  properties: { path: PATH_SCHEMA },
  required: ['path'],
  async run(args, context) {
    const use: PathUse = { tool: 'delete_file', argument: 'path' }
    const place = await resolveForWrite(context, args.path, use)
    try {
      await rm(place.absolute)
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ERR_FS_EISDIR'
        ? toolFailed(use.tool, `"${place.relative}" is a folder, not a file`)
        : explainFileError(error, place, use)
    }
    return `Deleted ${place.relative}`
  },
})

/** Tools that change files of the working tree. */
export const fileWriteTools: readonly BuiltInTool[] = [
  writeFileTool,
  editFileTool,
  appendFileTool,
  appendStructuredTool,
  createDirectoryTool,
  moveFileTool,
  deleteFileTool,
]

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

function parseJsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return otherwise
  }
}
