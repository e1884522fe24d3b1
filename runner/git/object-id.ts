import { createHash } from '../hash.ts'

/** The hash function of a repository: `sha1` unless it was made with `--object-format=sha256`. */
export type ObjectFormat = 'sha1' | 'sha256'

/** The object format that an object id of a repository gives away by its length; `sha1` for anything else. */
export function objectFormatOf(objectId: string): ObjectFormat {
  return objectId.length === 64 ? 'sha256' : 'sha1'
}

/** The id that git gives a file with this content. Source: gitformat-pack, "object types"; `git hash-object`. */
export function blobId(content: Uint8Array, format: ObjectFormat = 'sha1'): string {
  return objectId('blob', content, format)
}

/**
 * The id that git gives a tree of plain files: what `git rev-parse <commit>:<folder>` prints. Computed here so that a
 * commit can name the tree it adds, and so that a record is checked without trusting what wrote it.
 *
 * @param files content by path, with `/` between folders.
 */
export function treeId(files: ReadonlyMap<string, Uint8Array>, format: ObjectFormat = 'sha1'): string {
  const folders = new Map<string, Map<string, Uint8Array>>()
  const entries: { name: string; sortedAs: string; mode: string; id: string }[] = []
  for (const [path, content] of files) {
    const slash = path.indexOf('/')
    if (slash < 0) {
      entries.push({ name: path, sortedAs: path, mode: '100644', id: blobId(content, format) })
      continue
    }
    const folder = path.slice(0, slash)
    const inside = folders.get(folder) ?? new Map<string, Uint8Array>()
    inside.set(path.slice(slash + 1), content)
    folders.set(folder, inside)
  }
  for (const [name, inside] of folders) {
    // git sorts a folder as if its name ended in a slash.
    entries.push({ name, sortedAs: `${name}/`, mode: '40000', id: treeId(inside, format) })
  }
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.sortedAs), Buffer.from(b.sortedAs)))
  const body = entries.flatMap((entry) => [
    Buffer.from(`${entry.mode} ${entry.name}\0`),
    Buffer.from(entry.id, 'hex'),
  ])
  return objectId('tree', Buffer.concat(body), format)
}

function objectId(type: string, content: Uint8Array, format: ObjectFormat): string {
  return createHash(format).update(`${type} ${content.length}\0`).update(content).digest('hex')
}
