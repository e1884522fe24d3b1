import type { Git } from '../git/git.ts'

/** An object as git stores it. */
export interface StoredObject {
  readonly id: string
  readonly content: Uint8Array
}

/** Reads objects by name (`<tree>:<path>`, an id) in one process, in order; `undefined` for those that are not there. */
export async function readObjects(git: Git, names: readonly string[]): Promise<(Uint8Array | undefined)[]> {
  return (await readNamedObjects(git, names)).map((object) => object?.content)
}

/** Like {@link readObjects}, with the ids. No name may hold a line break. */
export async function readNamedObjects(
  git: Git,
  names: readonly string[],
): Promise<(StoredObject | undefined)[]> {
  if (names.length === 0) return []
  const { stdout } = await git.run({
    args: ['cat-file', '--batch'],
    stdin: `${names.join('\n')}\n`,
    maxOutputBytes: 2 * 1024 * 1024 * 1024,
  })
  const found: (StoredObject | undefined)[] = []
  let at = 0
  for (const name of names) {
    const end = stdout.indexOf(10, at)
    const head = stdout.toString('utf8', at, end)
    const [, id, size] = /^([0-9a-f]{40,64}) \w+ (\d+)$/.exec(head) ?? []
    at = end + 1
    if (id === undefined) {
      if (!head.endsWith(' missing')) throw new Error(`git cat-file answered "${head}" for ${name}`)
      found.push(undefined)
      continue
    }
    found.push({ id, content: stdout.subarray(at, at + Number(size)) })
    at += Number(size) + 1
  }
  return found
}

/**
 * Names of the entries of a tree, from the tree itself: `<mode> <name> NUL <id in bytes>` each. Source of the format:
 * `tree-walk.c` of git.
 */
export function namesInTree({ id, content }: StoredObject): string[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const names: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const end = bytes.indexOf(0, space)
    if (space < 0 || end < 0) break
    names.push(bytes.toString('utf8', space + 1, end))
    at = end + 1 + id.length / 2
  }
  return names
}

/** An entry of a tree, with its whole path. */
export interface TreeEntry {
  /** As git says it: `100644`, `120000`, … */
  readonly mode: string
  readonly type: string
  readonly object: string
  readonly path: string
}

/** Everything below a tree or commit. @param paths only these files, and those below these folders. Default: all. */
export async function listTree(git: Git, tree: string, paths: readonly string[] = []): Promise<TreeEntry[]> {
  const { stdout } = await git.run({
    args: ['ls-tree', '-r', '-z', '--full-tree', tree, '--', ...paths],
    maxOutputBytes: 512 * 1024 * 1024,
  })
  return stdout
    .toString()
    .split('\0')
    .flatMap((line) => {
      const [, mode, type, object, path] = /^(\d+) (\w+) ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
      return mode === undefined || type === undefined || object === undefined || path === undefined
        ? []
        : [{ mode, type, object, path }]
    })
}

/** All files below a tree by path: two processes, however many files there are. */
export async function readTree(git: Git, tree: string): Promise<Map<string, Uint8Array>> {
  // Plain files only: a record never holds links or submodules.
  return await readEntries(git, (await listTree(git, tree)).filter(isPlainFile))
}

/** Neither a link nor a submodule. */
export function isPlainFile({ mode }: TreeEntry): boolean {
  return mode === '100644' || mode === '100755'
}

/** Contents of files by path, in one process. */
export async function readEntries(git: Git, entries: readonly TreeEntry[]): Promise<Map<string, Uint8Array>> {
  const contents = await readObjects(
    git,
    entries.map(({ object }) => object),
  )
  const files = new Map<string, Uint8Array>()
  entries.forEach((entry, index) => {
    const content = contents[index]
    if (content !== undefined) files.set(entry.path, content)
  })
  return files
}
